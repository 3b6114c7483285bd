import re

# What no browser has in its agent, and programs tell of themselves.
_SAYS_WHO_RUNS_IT = re.compile(
    # An address to read more at, or to complain to.
    r"https?:|www\.|mailto:|[\w.+-]+@[\w-]+\.[a-z]{2,}"
    # The name of a site, and not of an app's package, which is written the other way
    # round: `com.example.app`.
    r"|(?<![\w.])([a-z][\w-]*\.)+(com|net|org|info|io|ru|de|fr|dev|ai|eu)\b(?!\.\w)"
    # Of browsers, two are "compatible" to one that has been.
    r"|\(compatible(?!; (MSIE|Konqueror))|; compatible[;)]"
    # What comes in this bracket behind the words that all have.
    r"|\(KHTML, like Gecko[;,]",
    re.IGNORECASE,
)
# Programs by words of a product's name or of its kind.
MACHINE_WORDS = (
    # Kinds.
    r"(?<!cu)bot\b",  # Cubot makes telephones.
    r"(?<!cu)bots?[/_-]",
    r"robot",
    r"crawl",
    r"spider",
    r"slurp",
    r"scan(ner|ning)?\b",
    r"scraper",
    r"scrap(ing|y)\b",
    r"fetch(er)?\b",
    r"monitoring",
    r"(?<!smart )monitor\b(?! m\d)",  # Televisions, with a browser inside.
    r"uptime",
    r"validator",
    r"checker",
    r"inspect(or)?\b",
    r"archiver",
    r"analy[sz]er",
    r"audit(or)?\b",
    r"proxy\b",
    r"agent\b",
    r"link ?(check|preview|expand|follow)",
    r"url ?(preview|defense|inspect|scan)",
    r"(?<!\.)preview",  # Not the builds of telephones: `AP3A.Preview`.
    r"prerender",
    r"page ?renderer",
    r"screenshot",
    r"headless",
    r"phantomjs",
    r"puppeteer",
    r"playwright",
    r"selenium",
    r"lighthouse",
    # Libraries and tools.
    r"\bcurl/",
    r"\bwget",
    r"python",
    r"aiohttp",
    r"httpx",
    r"\bjava[/)]",
    r"okhttp",
    r"go-http-client",
    r"libwww",
    r"\bperl\b",
    r"\bruby\b",
    r"\bphp\b",
    r"guzzle",
    r"axios",
    r"node-fetch",
    r"undici",
    r"postman",
    r"winhttp",
    r"http_?client",
    r"zgrab",
    r"nmap",
    r"httrack",
    # Social networks and mail programs that fetch by themselves.
    r"facebookexternalhit",
    r"meta-external",
    r"facebot",
    r"twitterbot",
    r"skypeuri",
    r"kakaotalk-scrap",
    r"line-poker",
    r"iframely",
    r"embedly",
    r"ms-?office",
    r"microsoft office",
    r"thunderbird",
    r"apis-google",
    r"appengine-google",
    r"mediapartners",
    r"google[- ](safety|read|inspection|adwords|site|structured|extended|favicon|web)",
    r"google-physicalweb",
    r"googleweblight",
    # Services that look after web sites.
    r"pingdom",
    r"appinsights",
    r"(datadog|newrelic)?synthetics",
    r"brandverity",
    r"dareboost",
    r"datanyze",
    r"outbrain",
    r"siteimprove",
    r"cloudflare",
    r"\bptst/",
    r"moreover",
    r"feedly",
    r"\bfeeder\b",
    r"google-ads",
    r"playstore-google",
    r"nikto",
    r"openvas",
    r"watchtowr",
    r"watcher\b",
    r"newsai",
    r"newsnow",
    r"monitorss",
    r"sindup",
    r"collapsify",
    r"cookiehub",
    r"hardenize",
    r"silktide",
    r"turingos",
    r"gtmetrix",
    r"hotjar",
    r"linktiger",
    r"marketgoo",
    r"readable/",
    r"securityheaders",
    r"testlocally",
    r"\brigor\b",
    r"\bylt\b",
    r"\bdlc/",
    r"splash version",
    r"fluid/",
    # Assistants and editors that browse on someone's behalf.
    r"manus-user",
    r"\btrae/",
    r"\bcode/1\.",
    r"metaiab",
    # Mail gateways that do not hide.
    r"barracuda",
    r"mimecast",
    r"proofpoint",
    r"ironport",
    r"messagelabs",
    r"symantec",
    r"trend ?micro",
    r"fortiguard",
    r"fortimail",
    r"sophos",
    r"avanan",
    r"safelinks",
    r"vade ?secure",
    r"cloudmark",
    r"urlscan",
    r"virustotal",
    r"zscaler",
    r"forcepoint",
    r"kaspersky",
    r"hornetsecurity",
)
# Apps that fetch a link to show what is behind it, and in whose own browser people open
# it: there the app's name stands behind that of a browser.
APP_WORDS = (
    r"whatsapp",
    r"telegram",
    r"slack",
    r"discord",
    r"twitter",
    r"pinterest",
    r"viber",
    r"mattermost",
    r"rocket\.chat",
    r"zulip",
    r"microsoft outlook",
)
_MACHINE = re.compile("|".join(MACHINE_WORDS), re.IGNORECASE)
_APP = re.compile("|".join(APP_WORDS), re.IGNORECASE)
# The engine of today's browsers, by which an app shows pages to people.
_ENGINE = re.compile(
    r"Mozilla/5\.0 \([^)]*\).*(AppleWebKit/[\d.]+ \(KHTML, like Gecko\)|Gecko/[\d.]+ )"
)
# Every browser's agent begins so, for historical reasons; Opera Mini keeps its own.
_BROWSER = re.compile(r"(Mozilla/\d|Opera/\d)")
# From which versions on browsers say how a request came about (W3C, Fetch Metadata).
_FETCH_METADATA = (
    (re.compile(r"\bChrome/(\d+)"), (80,)),
    (re.compile(r"\bFirefox/(\d+)"), (90,)),
    (re.compile(r"\bVersion/(\d+)\.(\d+).* Safari/"), (16, 4)),
)
_TABLET = re.compile(r"iPad|Tablet|PlayBook|Silk|Kindle|Android(?!.*Mobile)", re.I)
_PHONE = re.compile(r"Mobi|iPhone|iPod|Windows Phone|Opera Mini|BlackBerry", re.I)
_DESKTOP = re.compile(r"Windows NT|Macintosh|X11|CrOS|Linux", re.I)


def is_known_machine(agent):
    """Return whether an agent names itself a program.

    :param str agent: The header `User-Agent`.
    :rtype: bool
    """
    return bool(
        _SAYS_WHO_RUNS_IT.search(agent)
        or _MACHINE.search(agent)
        or (_APP.search(agent) and not _ENGINE.match(agent))
    )


def is_browser(agent):
    """Return whether an agent has the form that all browsers' have.

    :param str agent: The header `User-Agent`.
    :rtype: bool
    """
    return bool(_BROWSER.match(agent))


def sends_fetch_metadata(agent):
    """Return whether a browser is known to say how its requests came about.

    :param str agent: The header `User-Agent`.
    :rtype: bool
    """
    for pattern, least in _FETCH_METADATA:
        if found := pattern.search(agent):
            return tuple(map(int, found.groups())) >= least
    return False


def get_device(agent):
    """Return the class of device that an agent tells of.

    :param str agent: The header `User-Agent`.
    :return: `phone`, `tablet`, `desktop` or `other`.
    :rtype: str
    """
    if not is_browser(agent) or is_known_machine(agent):
        return "other"
    for device, pattern in [
        ("phone", _PHONE),
        ("tablet", _TABLET),
        ("desktop", _DESKTOP),
    ]:
        if pattern.search(agent):
            return device
    return "other"
