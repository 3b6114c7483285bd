"""Visits as they come: what is sent, in which order and at which pace.

The headers are those that the programs and browsers publish or are known to send; the
steps are what they do with a page. A step is what is done, and with what:

- ``("wait", seconds)``
- ``("open", …)``: the page is requested; from another network, where one is named.
- ``("head",)``: only its headers are.
- ``("follow", screen)``: a link of the page is, as it stands in the page.
- ``("press", screen)``: the same with the page's script at work.
- ``("report", …)``: the page's script reports.

`mailed` says how many seconds before the visit the mail was handed over.
"""

from dataclasses import dataclass, field

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 "
    "(KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"
)
MAC_SAFARI = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/17.6 Safari/605.1.15"
)
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_6 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/17.6 Mobile/15E148 Safari/604.1"
)
ANDROID = (
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/131.0.0.0 Mobile Safari/537.36"
)
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
DWELL = ("report", {"how": "dwell"})
TOUCH = ("report", {"how": "interaction"})
OPEN = ("open",)
#: What every current browser sends when someone's click leads to a page.
CLICKED = {
    "Sec-Fetch-Dest": "document",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-User": "?1",
}


@dataclass(frozen=True)
class Recorded:
    """One kind of visitor.

    `reason` is what the decisive event has to say.
    """

    name: str
    agent: str | None
    reason: str
    steps: tuple = (OPEN, ("wait", 60), DWELL)
    mailed: int | None = 3600
    headers: dict = field(default_factory=dict)
    is_plain: bool = False  # Sends nothing that a browser sends beside its name.


def named(name, agent):
    return Recorded(name, agent, "known_agent", is_plain=True)


MACHINES = [
    # Programs that say what they are.
    named("curl", "curl/8.5.0"),
    named("wget", "Wget/1.21.4"),
    named("python-requests", "python-requests/2.32.3"),
    named("Go", "Go-http-client/2.0"),
    named("Java", "Java/17.0.10"),
    named("Node", "node-fetch/1.0 (+https://github.com/bitinn/node-fetch)"),
    # Search crawlers.
    named(
        "Googlebot",
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; Googlebot/2.1; "
        "+http://www.google.com/bot.html) Chrome/131.0.0.0 Safari/537.36",
    ),
    named(
        "Bingbot",
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; bingbot/2.0; "
        "+http://www.bing.com/bingbot.htm) Chrome/116.0.1938.76 Safari/537.36",
    ),
    named("DuckDuckBot", "DuckDuckBot/1.1; (+http://duckduckgo.com/duckduckbot.html)"),
    named("Yandex", "Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)"),
    named(
        "Baidu",
        "Mozilla/5.0 (compatible; Baiduspider/2.0; "
        "+http://www.baidu.com/search/spider.html)",
    ),
    named(
        "Applebot",
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_5) AppleWebKit/605.1.15 (KHTML, "
        "like Gecko) Version/13.1.1 Safari/605.1.15 (Applebot/0.1)",
    ),
    # Messengers' and networks' previews.
    named(
        "Facebook",
        "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    ),
    named("WhatsApp", "WhatsApp/2.24.6.77 A"),
    named("Telegram", "TelegramBot (like TwitterBot)"),
    named("Slack", "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)"),
    named(
        "Discord", "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)"
    ),
    named("X", "Twitterbot/1.0"),
    named("LinkedIn", "LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient)"),
    named(
        "Teams and Skype",
        "Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5 "
        "skype-url-preview@microsoft.com",
    ),
    named(
        "iMessage",
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_1) AppleWebKit/601.2.4 (KHTML, "
        "like Gecko) Version/9.0.1 Safari/601.2.4 facebookexternalhit/1.1 Facebot "
        "Twitterbot/1.0",
    ),
    named("Line", "facebookexternalhit/1.1;line-poker/1.0"),
    named("Viber", "Viber/22.6.0.1"),
    # Mail programs that fetch by themselves.
    named(
        "Outlook",
        "Mozilla/4.0 (compatible; ms-office; MSOffice 16)",
    ),
    named(
        "Bing preview",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like "
        "Gecko) Chrome/103.0.5060.134 Safari/537.36 BingPreview/1.0b",
    ),
    # Mail gateways: those that say so, then those that look like a browser.
    named("Barracuda", "Barracuda Sentinel (EE)"),
    named(
        "Trend Micro", "Mozilla/5.0 (compatible; Trend Micro URL inspection service)"
    ),
    Recorded(
        "Microsoft Defender: a browser's name, nothing else of a browser",
        CHROME,
        "not_a_browser",
        mailed=2,
        is_plain=True,
    ),
    Recorded(
        "Proofpoint: a real browser, seconds after the mail, that waits",
        CHROME,
        "just_sent",
        steps=(OPEN, ("wait", 30), DWELL),
        mailed=3,
    ),
    Recorded(
        "Mimecast: the same, and it moves the mouse and scrolls",
        CHROME,
        "just_sent",
        steps=(OPEN, ("wait", 3), TOUCH),
        mailed=2,
    ),
    Recorded(
        "Cisco: from three networks within moments, some time after the mail",
        MAC_SAFARI,
        "burst",
        steps=(
            ("open", "198.51.100.7"),
            ("open", "203.0.113.9"),
            ("open", "192.0.2.44"),
            ("wait", 20),
            DWELL,
        ),
        mailed=300,
    ),
    Recorded(
        "Symantec: follows every link in order, without a script",
        FIREFOX,
        "honeypot",
        steps=(
            OPEN,
            ("wait", 4),
            ("follow", "terms"),
            ("wait", 1),
            ("follow", "pay"),
            ("wait", 4),
            ("follow", "document"),
            ("wait", 4),
            ("follow", "pdf"),
        ),
    ),
    Recorded(
        "Fetches the PDF at once to scan it",
        CHROME,
        "too_quick",
        steps=(OPEN, ("follow", "pdf")),
    ),
    # Driven browsers.
    Recorded(
        "Headless Chromium",
        CHROME.replace("Chrome", "HeadlessChrome"),
        "known_agent",
    ),
    Recorded(
        "Headless Chromium by another name",
        CHROME,
        "known_agent",
        headers={"Sec-CH-UA": '"Chromium";v="131", "HeadlessChrome";v="131"'},
    ),
    Recorded(
        "Driven Chromium that presses nothing",
        CHROME,
        "webdriver",
        steps=(OPEN, ("wait", 30), ("report", {"how": "dwell", "webdriver": True})),
    ),
    Recorded(
        "Driven Chromium that presses everything",
        CHROME,
        "pressed_all",
        steps=(
            OPEN,
            ("wait", 3),
            ("press", "pay"),
            ("press", "pdf"),
            ("press", "document"),
            ("report", {"how": "interaction", "webdriver": True, "pressed": 3}),
        ),
    ),
    Recorded(
        "Driven Chromium that scrolls once",
        CHROME,
        "webdriver",
        steps=(
            OPEN,
            ("wait", 4),
            ("report", {"how": "interaction", "webdriver": True}),
        ),
    ),
    Recorded(
        "A real Chrome, minutes after the mail, that waits for seconds",
        CHROME,
        "waiting",
        steps=(OPEN, ("wait", 12), DWELL),
        mailed=180,
    ),
    Recorded(
        "The same, in front, with the focus, led there by a click, for half a minute",
        CHROME,
        "waiting",
        steps=(
            OPEN,
            ("wait", 40),
            ("report", {"how": "dwell", "front": 31, "focused": True}),
        ),
        headers=CLICKED,
        mailed=180,
    ),
    Recorded(
        "A page that lay in the background for ten minutes",
        CHROME,
        "waiting",
        steps=(OPEN, ("wait", 600), ("report", {"how": "dwell", "front": 9})),
    ),
    Recorded(
        "Fetches the PDF seconds later to scan it",
        CHROME,
        "no_click",
        steps=(OPEN, ("wait", 5), ("follow", "pdf")),
    ),
    Recorded(
        "Fetches it by HTTPS, with much patience",
        CHROME,
        "no_click",
        steps=(OPEN, ("wait", 90), ("follow", "pdf")),
        headers={"X-Forwarded-Proto": "https"},
    ),
    Recorded(
        "A script's fetch, by the browser's own word",
        CHROME,
        "no_click",
        steps=(OPEN, ("wait", 90), ("follow", "pdf")),
        headers={"Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "same-origin"},
    ),
    Recorded(
        "A script that reports at once",
        CHROME,
        "too_quick",
        steps=(OPEN, TOUCH),
    ),
    Recorded(
        "Odoo's own link preview",
        CHROME,
        "known_agent",
        headers={"Odoo-Link-Preview": "True"},
    ),
    # A browser that runs ahead of its user: nothing is reported, nothing counted.
    Recorded(
        "Chrome's prefetch",
        CHROME,
        "prefetch",
        steps=(OPEN,),
        headers={"Sec-Purpose": "prefetch"},
    ),
    Recorded(
        "Chrome's prerender",
        CHROME,
        "prefetch",
        steps=(OPEN,),
        headers={"Sec-Purpose": "prefetch;prerender"},
    ),
    Recorded(
        "Safari's top sites",
        MAC_SAFARI,
        "prefetch",
        steps=(OPEN,),
        headers={"X-Purpose": "preview"},
    ),
]

PEOPLE = [
    Recorded("phone, touches", IPHONE, "interaction", (OPEN, ("wait", 3), TOUCH)),
    Recorded("phone, only reads", ANDROID, "dwell", (OPEN, ("wait", 60), DWELL)),
    Recorded(
        "computer, reads on for half a minute",
        CHROME,
        "dwell",
        (
            OPEN,
            ("wait", 31),
            (
                "report",
                {"how": "dwell", "front": 30, "focused": True, "scrolled": True},
            ),
        ),
        headers=CLICKED,
    ),
    Recorded(
        "opens the mail at once and only reads",
        CHROME,
        "dwell",
        (OPEN, ("wait", 61), DWELL),
        mailed=5,
    ),
    Recorded(
        "opens the mail at once, touches, and only reads from then on",
        IPHONE,
        "dwell",
        (
            OPEN,
            ("wait", 4),
            TOUCH,
            ("wait", 27),
            ("report", {"how": "dwell", "front": 30, "touched": True, "focused": True}),
        ),
        mailed=5,
    ),
    Recorded(
        "not convincing at first, nor at half a minute, but at last",
        CHROME,
        "dwell",
        (
            OPEN,
            ("wait", 31),
            ("report", {"how": "dwell", "front": 30}),
            ("wait", 31),
            ("report", {"how": "dwell", "front": 60}),
        ),
    ),
    Recorded(
        "computer, scrolls with the wheel",
        CHROME,
        "interaction",
        (OPEN, ("wait", 2), TOUCH),
    ),
    Recorded("keyboard only", FIREFOX, "interaction", (OPEN, ("wait", 6), TOUCH)),
    Recorded(
        "slow: a poor line, and much time",
        ANDROID,
        "dwell",
        (OPEN, ("wait", 900), DWELL),
    ),
    Recorded(
        "no JavaScript, downloads",
        FIREFOX,
        "action",
        (OPEN, ("wait", 20), ("follow", "pdf")),
    ),
    Recorded(
        "no JavaScript, prints",
        MAC_SAFARI,
        "action",
        (OPEN, ("wait", 20), ("follow", "document")),
    ),
    Recorded(
        "no JavaScript, pays",
        FIREFOX,
        "action",
        (OPEN, ("wait", 20), ("follow", "pay"), ("wait", 5), ("follow", "pdf")),
    ),
    Recorded(
        "returning after minutes",
        CHROME,
        "interaction",
        (OPEN, ("wait", 3), TOUCH, ("wait", 300), OPEN, ("wait", 3), TOUCH),
    ),
    Recorded(
        "two tabs",
        CHROME,
        "interaction",
        (OPEN, OPEN, ("wait", 3), TOUCH, ("report", {"how": "interaction", "tab": 0})),
    ),
    Recorded(
        "reports twice, as the line failed once",
        CHROME,
        "interaction",
        (OPEN, ("wait", 3), TOUCH, TOUCH),
    ),
    Recorded(
        "opens the mail at once, and reads on",
        IPHONE,
        "interaction",
        (OPEN, ("wait", 4), TOUCH, ("wait", 30), TOUCH),
        mailed=5,
    ),
    Recorded(
        "no JavaScript, opens the mail at once, downloads, and prints a little later",
        FIREFOX,
        "action",
        (
            OPEN,
            ("wait", 5),
            ("follow", "pdf"),
            ("wait", 20),
            ("follow", "document"),
        ),
        mailed=5,
    ),
    Recorded(
        "behind a gateway that fetches the link from everywhere",
        CHROME,
        "interaction",
        (
            ("open", "198.51.100.7"),
            ("open", "203.0.113.9"),
            ("open", "192.0.2.44"),
            ("wait", 5),
            TOUCH,
        ),
        mailed=300,
    ),
    Recorded(
        "a telephone called Cubot",
        "Mozilla/5.0 (Linux; Android 9; CUBOT_X19) AppleWebKit/537.36 (KHTML, like "
        "Gecko) Chrome/131.0.0.0 Mobile Safari/537.36",
        "interaction",
        (OPEN, ("wait", 3), TOUCH),
    ),
    Recorded(
        "Opera Mini",
        "Opera/9.80 (J2ME/MIDP; Opera Mini/9.80/191.273; U; en) Presto/2.12.423 "
        "Version/12.16",
        "action",
        (OPEN, ("wait", 15), ("follow", "pdf")),
    ),
    Recorded(
        "inside Facebook's app",
        IPHONE.replace("Safari/604.1", "[FBAN/FBIOS;FBAV/450.0.0.38.108;FBLC/en_US]"),
        "interaction",
        (OPEN, ("wait", 3), TOUCH),
    ),
    Recorded(
        "no JavaScript, downloads soon, by HTTPS",
        FIREFOX,
        "action",
        (OPEN, ("wait", 4), ("follow", "pdf")),
        headers={**CLICKED, "X-Forwarded-Proto": "https"},
    ),
    Recorded(
        "no JavaScript, in a browser that says nothing of clicks",
        "Mozilla/5.0 (Windows NT 6.1; Trident/7.0; rv:11.0) like Gecko",
        "action",
        (OPEN, ("wait", 20), ("follow", "pdf")),
        headers={"X-Forwarded-Proto": "https"},
    ),
    Recorded(
        "a link handed over by other means",
        ANDROID,
        "interaction",
        (OPEN, ("wait", 2), TOUCH),
        mailed=None,
    ),
]
