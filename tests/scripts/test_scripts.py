from pathlib import Path
from unittest.mock import patch

from odoo.modules import get_module_path
from odoo.tests import HttpCase, common, no_retry, tagged

from odoo.addons.web.tests import test_js

#: Every suite below `static/tests/`.
SUITE = "@account_payment_portal"
#: Debian's package of Odoo names it but leaves it out, which the browser complains of.
LEFT_OUT = "mail/static/lib/selfie_segmentation/selfie_segmentation.js"


@tagged("post_install", "-at_install")
class TestScripts(HttpCase):
    """The scripts' unit tests, which Hoot runs in a browser."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if not (Path(get_module_path("mail")).parent / LEFT_OUT).exists():
            cls.env["ir.asset"].create(
                {
                    "name": "Left out",
                    "bundle": "web.assets_backend",
                    "directive": "remove",
                    "path": LEFT_OUT,
                }
            )

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
                error_checker=test_js.unit_test_error_checker,
            )
