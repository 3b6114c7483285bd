from dataclasses import dataclass

from . import user_agents

PREFETCH_HEADERS = ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz")
# Seconds after the mail went out in which gateways open what is in it.
JUST_SENT_SECONDS = 20
# Seconds a visible page counts as looked at without a touch or a key.
DWELL_SECONDS = 8
# Nobody reads and acts in less.
TOO_QUICK_SECONDS = 1
# Without a script the page itself has to be fetched, drawn and read before; and nobody
# enters a payment sooner.
TOO_QUICK_ACTION_SECONDS = 2
# A scanner fetches a link from several places at nearly the same time.
BURST_SECONDS = 30
BURST_NETWORKS = 3
# Who presses this many different buttons in so short a time tries them all.
ALL_PRESSED = 3
ALL_PRESSED_SECONDS = 10
# What is only doubtful now: the same visit may be taken for a person's later on.
PASSING_REASONS = ("just_sent", "too_quick", "webdriver", "burst")


@dataclass(frozen=True)
class Verdict:
    """What a request looks like.

    `visitor` is `machine` or `unverified`: no request by itself proves a person.
    """

    visitor: str
    reason: str


@dataclass(frozen=True)
class Visit:
    """What is known of a page load when somebody is said to look at it."""

    # Seconds since the page was requested.
    age: float
    # Seconds from the handing over of the mail to the request, and until now; None for
    # a link that was not mailed.
    opened_after_mail: float | None = None
    seconds_since_mail: float | None = None
    # Different networks that requested the link around the same moment.
    networks: int = 1
    # Whether the link that nobody sees was followed, from the same network.
    is_honeypot: bool = False
    # How many different buttons were used in the first `ALL_PRESSED_SECONDS`.
    pressed: int = 0


@dataclass(frozen=True)
class Report:
    """What says that somebody looks.

    The page's script (`interaction`, `dwell`), a button that was used (`action`), or a
    card or bank account that was filled in (`payment`).
    """

    how: str
    # Whether the browser says that a program drives it (W3C WebDriver, §4).
    is_webdriver: bool = False
    # How many different buttons were pressed up to now.
    pressed: int = 0

    @classmethod
    def parse(cls, values):
        """Read what a page's script has sent: anything at all.

        :param dict values: The values: `how`, `webdriver`, `pressed`.
        :rtype: Report
        """
        pressed = values.get("pressed")
        return cls(
            how="interaction" if values.get("how") == "interaction" else "dwell",
            is_webdriver=bool(values.get("webdriver")),
            pressed=pressed if isinstance(pressed, int) else 0,
        )


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


def find_reason_against(visit, report):
    """Return why a report is not taken as a person's.

    :param Visit visit: What is known of the page load.
    :param Report report: What says that somebody looks.
    :return: The reason; None if a person looks.
    :rtype: str | None
    """
    is_passive = report.how == "dwell"
    doubts = {
        "honeypot": visit.is_honeypot,
        "pressed_all": _has_pressed_all(visit, report),
        "too_quick": visit.age < _get_least_age(report),
        "webdriver": report.is_webdriver and is_passive,
        "just_sent": _is_just_sent(visit, report),
        "burst": visit.networks >= BURST_NETWORKS and is_passive,
    }
    return next((reason for reason, is_true in doubts.items() if is_true), None)


def _has_pressed_all(visit, report):
    pressed = visit.pressed
    if visit.age < ALL_PRESSED_SECONDS:
        pressed = max(pressed, report.pressed)
    return pressed >= ALL_PRESSED


def _is_just_sent(visit, report):
    if visit.opened_after_mail is None or visit.opened_after_mail >= JUST_SENT_SECONDS:
        return False
    if report.how == "payment":
        # Gateways follow links and press buttons; none fills in a card.
        return False
    return report.how == "dwell" or visit.seconds_since_mail < JUST_SENT_SECONDS


def _get_least_age(report):
    return {
        # Some slack for clocks: the page waits for the whole time.
        "dwell": DWELL_SECONDS - 1,
        "action": TOO_QUICK_ACTION_SECONDS,
        "payment": TOO_QUICK_ACTION_SECONDS,
    }.get(report.how, TOO_QUICK_SECONDS)
