import re

# Programs that say what they are. Words of a product's name or of its kind; each has
# been seen at the start of a word, or at its end, in the agents of no browser.
MACHINE_WORDS = (
    # Kinds.
    r"(?<!cu)bot\b",  # Cubot makes telephones.
    r"bot/",
    r"crawl",
    r"spider",
    r"slurp",
    r"scanner",
    r"scanning",
    r"monitor",
    r"uptime",
    r"validator",
    r"archiver",
    r"link ?(check|preview|expand|follow)",
    r"url ?(preview|defense|inspect|scan)",
    r"preview",
    r"prerender",
    r"headless",
    r"phantomjs",
    r"puppeteer",
    r"selenium",
    r"lighthouse",
    # Libraries and tools.
    r"\bcurl/",
    r"\bwget/",
    r"python",
    r"aiohttp",
    r"httpx",
    r"\bjava/",
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
    # Messengers, social networks, mail programs that fetch by themselves.
    r"facebookexternalhit",
    r"meta-external",
    r"facebot",
    r"whatsapp/",
    r"telegram",
    r"slack",
    r"discord",
    r"twitter(bot)?/",
    r"linkedinbot",
    r"pinterest/",
    r"viber",
    r"skypeuri",
    r"kakaotalk-scrap",
    r"line-poker",
    r"mattermost",
    r"rocket\.chat",
    r"zulip",
    r"iframely",
    r"embedly",
    r"ms-?office",
    r"microsoft office",
    r"microsoft outlook",
    r"thunderbird",
    r"googleimageproxy",
    r"yahoomailproxy",
    r"apis-google",
    r"mediapartners",
    r"google-(safety|read|inspection|adwords|site|structured|extended)",
    r"feedfetcher",
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
_MACHINE = re.compile("|".join(MACHINE_WORDS), re.IGNORECASE)
# Every browser's agent begins so, for historical reasons; Opera Mini keeps its own.
_BROWSER = re.compile(r"(Mozilla/\d|Opera/\d)")
_TABLET = re.compile(r"iPad|Tablet|PlayBook|Silk|Kindle|Android(?!.*Mobile)", re.I)
_PHONE = re.compile(r"Mobi|iPhone|iPod|Windows Phone|Opera Mini|BlackBerry", re.I)
_DESKTOP = re.compile(r"Windows NT|Macintosh|X11|CrOS|Linux", re.I)


def is_known_machine(agent):
    """Return whether an agent names itself a program.

    :param str agent: The header `User-Agent`.
    :rtype: bool
    """
    return bool(_MACHINE.search(agent))


def is_browser(agent):
    """Return whether an agent has the form that all browsers' have.

    :param str agent: The header `User-Agent`.
    :rtype: bool
    """
    return bool(_BROWSER.match(agent))


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
