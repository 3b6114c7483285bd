from dataclasses import dataclass

from . import user_agents

PREFETCH_HEADERS = ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz")
# Seconds after the mail went out in which gateways open what is in it.
JUST_SENT_SECONDS = 20
# Seconds with the page in front after which its script reports, without a touch.
MOMENT_SECONDS, WHILE_SECONDS, MINUTE_SECONDS = 8, 30, 60
# Some slack for clocks: the page waits for the whole time.
SLACK_SECONDS = 1
# Nobody reads and acts in less.
TOO_QUICK_SECONDS = 1
# Without a script the page itself has to be fetched, drawn and read before; and nobody
# enters a payment sooner.
TOO_QUICK_ACTION_SECONDS = 2
# A program that fetches what a page leads to does so in less.
UNHURRIED_SECONDS = 10
# A scanner fetches a link from several places at nearly the same time.
BURST_SECONDS = 30
BURST_NETWORKS = 3
# Who presses this many different buttons in so short a time tries them all.
ALL_PRESSED = 3
ALL_PRESSED_SECONDS = 10
# What is only doubtful now: the same visit may be taken for a person's later on.
PASSING_REASONS = ("just_sent", "too_quick", "burst", "waiting", "no_click")

# === THE TABLE: WHICH EVIDENCE COUNTS HOW MUCH === #

#: A person is who has this much; only evidence of the visit itself counts.
ENOUGH = 10
EVIDENCE = {
    # Gateways follow links and press buttons; none fills in a card.
    "payment": 10,
    # A finger, a key, a wheel or a mouse button, by the browser's word (`isTrusted`).
    "input": 10,
    # The same in the seconds after the mail, when gateways play it.
    "early_input": 5,
    # One of the page's buttons, by a click that the browser vouches for: W3C, Fetch
    # Metadata, `Sec-Fetch-User`. A program that only fetches has none.
    "click": 10,
    "early_click": 5,
    # The same from a browser that is too old, or a line too open, for this header.
    "unknown_click": 6,
    "unhurried": 4,
    # The page in front: scanners wait as well, most of them for seconds.
    "moment": 2,
    "while": 4,
    "minute": 10,
    # It was moved on, had the focus, or was navigated to by someone's click.
    "scrolled": 2,
    "focused": 2,
    "navigated": 2,
}


@dataclass(frozen=True)
class Verdict:
    """What a request looks like.

    `visitor` is `machine` or `unverified`: no request by itself proves a person.
    """

    visitor: str
    reason: str


@dataclass(frozen=True)
class Visit:
    """What is known of a page load when someone is said to look at it."""

    # Seconds since the page was requested.
    age: float
    # Seconds from the handing over of the mail to the request, and until now; None for
    # a link that was not mailed.
    opened_after_mail: float | None = None
    seconds_since_mail: float | None = None
    # Different networks that requested the link around the same moment.
    networks: int = 1
    # Whether this page's link that nobody sees was followed.
    is_honeypot: bool = False
    # Whether the browser says that someone's click or typing led to the page.
    is_navigated: bool = False
    # How many different buttons were used in the first `ALL_PRESSED_SECONDS`.
    pressed: int = 0


@dataclass(frozen=True)
class Report:
    """What says that someone looks.

    The page's script (`interaction`, `dwell`), a button that was used (`action`), or a
    card or bank account that was filled in (`payment`).
    """

    how: str
    # Whether the browser says that a program drives it (W3C WebDriver, §4).
    is_webdriver: bool = False
    # How many different buttons were pressed up to now.
    pressed: int = 0
    # Seconds with the page in front; None if it was all the time.
    front: float | None = None
    # Whether there was a touch or a key before, whether the page was scrolled, and
    # whether its window had the focus.
    is_touched: bool = False
    is_scrolled: bool = False
    is_focused: bool = False
    # Of a button: whether the browser vouches for a click; None if it cannot.
    is_click: bool | None = None

    @classmethod
    def parse(cls, values):
        """Read what a page's script has sent: anything at all.

        :param dict values: The values: `how`, `webdriver`, `pressed`, `front`,
            `touched`, `scrolled`, `focused`.
        :rtype: Report
        """

        def get_number(name, default):
            value = values.get(name)
            # `True` is an `int`, too.
            return value if type(value) in (int, float) else default

        return cls(
            how="interaction" if values.get("how") == "interaction" else "dwell",
            is_webdriver=bool(values.get("webdriver")),
            pressed=get_number("pressed", 0),
            front=get_number("front", None),
            is_touched=bool(values.get("touched")),
            is_scrolled=bool(values.get("scrolled")),
            is_focused=bool(values.get("focused")),
        )


# === REQUESTS === #


def judge_request(headers):
    """Return what a request for the invoice page looks like.

    :param headers: The request's headers, as a case-insensitive mapping.
    :rtype: Verdict
    """
    agent = headers.get("User-Agent") or ""
    # A program that calls itself a browser may still tell the truth here: W3C, User
    # Agent Client Hints.
    brands = headers.get("Sec-CH-UA") or ""
    if "Odoo-Link-Preview" in headers or user_agents.is_known_machine(agent + brands):
        return Verdict("machine", "known_agent")
    if not user_agents.is_browser(agent) or not headers.get("Accept-Language"):
        return Verdict("machine", "not_a_browser")
    if is_prefetch(headers):
        # Perhaps shown to a person afterwards: the page itself will tell.
        return Verdict("unverified", "prefetch")
    return Verdict("unverified", "browser")


def is_prefetch(headers):
    """Return whether a browser fetches a page that nobody has asked for yet.

    :param headers: The request's headers, as a case-insensitive mapping.
    :rtype: bool
    """
    return any(
        word in headers.get(header, "")
        for header in PREFETCH_HEADERS
        for word in ("prefetch", "prerender", "preview")
    )


def find_click(headers, is_secure):
    """Return whether a browser says that someone's click led to a request.

    Source: W3C, Fetch Metadata Request Headers: `Sec-Fetch-User` is sent when a person
    navigates, to addresses that nobody on the line can read.

    :param headers: The request's headers, as a case-insensitive mapping.
    :param bool is_secure: Whether the request came by HTTPS.
    :return: None if this browser, or this line, has no such header.
    :rtype: bool | None
    """
    if headers.get("Sec-Fetch-User"):
        return (
            headers["Sec-Fetch-User"] == "?1"
            and headers.get("Sec-Fetch-Mode", "navigate") == "navigate"
        )
    sends_it = any(name in headers for name in ("Sec-Fetch-Mode", "Sec-Fetch-Site"))
    if sends_it or (
        is_secure and user_agents.sends_fetch_metadata(headers.get("User-Agent") or "")
    ):
        return False
    return None


# === VISITS === #


def find_reason_against(visit, report):
    """Return why a report is not taken as a person's.

    :param Visit visit: What is known of the page load.
    :param Report report: What says that someone looks.
    :return: The reason; None if a person looks.
    :rtype: str | None
    """
    is_early = visit.opened_after_mail is not None and (
        visit.opened_after_mail < JUST_SENT_SECONDS
    )
    is_short = sum(EVIDENCE[name] for name in _find_evidence(visit, report)) < ENOUGH
    reasons = {
        # Whatever else there is.
        "honeypot": visit.is_honeypot,
        "pressed_all": _has_pressed_all(visit, report),
        "too_quick": visit.age < _get_least_age(report),
        "webdriver": report.is_webdriver,
        # Too little, and what makes it look like a machine's.
        "just_sent": is_short and is_early,
        "burst": is_short and visit.networks >= BURST_NETWORKS,
        "no_click": is_short and report.how == "action",
        "waiting": is_short,
    }
    return next((reason for reason, is_true in reasons.items() if is_true), None)


def _find_evidence(visit, report):
    """Return which evidence of `EVIDENCE` there is.

    :param Visit visit: What is known of the page load.
    :param Report report: What says that someone looks.
    :rtype: set[str]
    """
    is_just_sent = (
        visit.opened_after_mail is not None
        and visit.opened_after_mail < JUST_SENT_SECONDS
        and visit.seconds_since_mail < JUST_SENT_SECONDS
    )
    if report.how == "payment":
        return {"payment"}
    if report.how == "action":
        return _find_evidence_of_action(visit, report, is_just_sent)
    front = visit.age if report.front is None else min(report.front, visit.age)
    front += SLACK_SECONDS
    found = {
        "input": report.how == "interaction" and not is_just_sent,
        # Perhaps before the time was over: it counts as if it was.
        "early_input": (report.how == "interaction" and is_just_sent)
        or (report.how == "dwell" and report.is_touched),
        "minute": front >= MINUTE_SECONDS,
        "while": WHILE_SECONDS <= front < MINUTE_SECONDS,
        "moment": MOMENT_SECONDS <= front < WHILE_SECONDS,
        "scrolled": report.is_scrolled,
        "focused": report.is_focused,
        "navigated": visit.is_navigated,
    }
    return {name for name, is_true in found.items() if is_true}


def _find_evidence_of_action(visit, report, is_just_sent):
    """Return which evidence of `EVIDENCE` the use of a button is.

    :param Visit visit: What is known of the page load.
    :param Report report: What says that someone looks.
    :param bool is_just_sent: Whether the mail went out seconds ago.
    :rtype: set[str]
    """
    if report.is_click is False:
        return set()
    if is_just_sent:
        return {"early_click"}
    if report.is_click:
        return {"click"}
    is_unhurried = visit.age >= UNHURRIED_SECONDS
    return {"unknown_click", *(["unhurried"] if is_unhurried else [])}


def _has_pressed_all(visit, report):
    pressed = visit.pressed
    if visit.age < ALL_PRESSED_SECONDS:
        pressed = max(pressed, report.pressed)
    return pressed >= ALL_PRESSED


def _get_least_age(report):
    if report.how in ("action", "payment"):
        return TOO_QUICK_ACTION_SECONDS
    return TOO_QUICK_SECONDS
