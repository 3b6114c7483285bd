"""What tests take from outside Odoo: the tools in ``dev/``, and a browser.

With `make test` all of it is there. Under plain ``odoo --test-tags`` it need not be:
what is missing skips the test that asks for it, and says so.
"""

from unittest import SkipTest

#: Milliseconds after which a browser's wait for anything is given up, however slow the
#: machine is.
PATIENCE_MS = 180_000


def _missing(name):
    """Return what skips a test that makes use of it.

    :param str name: What is missing.
    """

    def skip(*_args, **_kwargs):
        raise SkipTest(f"{name} is not installed here; `make test` has it")

    return skip


try:
    from stripe_sandbox import StripeSandbox
except ImportError:
    StripeSandbox = _missing("The Stripe sandbox")

try:
    from workbench.mailbox import Mailbox
    from workbench.mailbox.behaviour import Rate
except ImportError:
    Mailbox = Rate = _missing("The SMTP server of the tests")

try:
    import tinycss2
except ImportError:
    tinycss2 = None

try:
    from workbench.stack.component import Component
    from workbench.stack.odoo_server import on_socket
    from workbench.stack.ports import hold, number_of
    from workbench.stack.probes import http_answers
except ImportError:
    Component = hold = http_answers = number_of = on_socket = _missing(
        "What starts a second Odoo"
    )

try:
    from axe_playwright_python.sync_playwright import Axe
    from playwright.sync_api import expect, sync_playwright

    from workbench.provision.system import find_browser

    expect.set_options(timeout=PATIENCE_MS)
except ImportError:
    Axe = expect = find_browser = sync_playwright = _missing("Playwright")
