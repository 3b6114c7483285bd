from unittest.mock import patch

from odoo.tests import HttpCase, common, no_retry, tagged

from odoo.addons.web.tests import test_js

#: Every suite below `static/tests/`.
SUITE = "@account_payment_portal"
#: Debian's package of Odoo leaves it out; it blurs the background of video calls.
LEFT_OUT = "Could not get content for mail/static/lib/selfie_segmentation/"


def is_error(message):
    """Tell whether what the browser calls an error is one; Hoot's own end the test."""
    return LEFT_OUT not in message and test_js.unit_test_error_checker(message)


@tagged("post_install", "-at_install")
class TestScripts(HttpCase):
    """The scripts' unit tests, which Hoot runs in a browser."""

    @no_retry
    def test_units(self):
        suite_id = test_js.HOOTCommon._generate_hash(self, SUITE)
        # A browser that starts slowly is a busy machine's.
        with patch.object(common, "CHECK_BROWSER_ITERATIONS", 6000):
            self.browser_js(
                f"/web/tests?headless&loglevel=2&preset=desktop&id={suite_id}",
                "",
                login="admin",
                timeout=3000,
                success_signal="[HOOT] Test suite succeeded",
                error_checker=is_error,
            )
