from odoo.tests import HttpCase

from ..common import PortalCommon
from . import test_link_login


class TestLinkLoginWebsite(test_link_login.TestLinkLogin):
    """The same where `website` is installed, whose dispatching differs from core's.

    To be run with `website` installed.
    """

    def setUp(self):
        super().setUp()
        if "website" not in self.env:
            self.skipTest("website is not installed")

    def test_c13_address_in_another_language_leads_there_as_well(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        website = self.env["website"].get_current_website()
        website.language_ids |= self.env.ref("base.lang_fr")
        path = self._go(f"/fr{self.address}", self.user)
        [link] = self.invoice.portal_link_ids
        self.assertEqual(path, link._get_path(), "the page has its reader's language")


class TestLinkPagesWebsite(PortalCommon, HttpCase):
    """A link's addresses have no language and no website of their own."""

    def setUp(self):
        super().setUp()
        if "website" not in self.env:
            self.skipTest("website is not installed")

    def test_c5_link_opens_the_page_in_its_recipients_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        website = self.env["website"].get_current_website()
        website.language_ids |= self.env.ref("base.lang_fr")
        self.customer.lang = "fr_FR"
        link = self._create_link()
        response = self.url_open(
            link._get_path(),
            headers={"Accept-Language": "de"},
            allow_redirects=False,
        )
        self.assertEqual(response.status_code, 200, "no redirect to /fr/…")
        self.assertIn('lang="fr', response.text[:300])
