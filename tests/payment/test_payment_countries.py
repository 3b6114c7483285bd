from odoo.tests import TransactionCase


class TestPaymentCountries(TransactionCase):
    """The countries to choose from, which are kept."""

    def _get_choices(self, lang="en_US"):
        countries = self.env["res.country"].with_context(lang=lang)
        return {choice[0]: choice[1:] for choice in countries._get_portal_choices()}

    def test_s19_renamed_country_is_shown_by_its_new_name(self):
        country = self.env.ref("base.mk")
        self.assertIn(country.id, self._get_choices())
        country.name = "Somewhere Else"
        self.assertEqual(self._get_choices()[country.id], ("MK", "Somewhere Else"))

    def test_s19_new_country_can_be_chosen_and_a_deleted_one_not(self):
        self._get_choices()
        country = self.env["res.country"].create({"name": "Atlantis", "code": "QX"})
        self.assertEqual(self._get_choices()[country.id], ("QX", "Atlantis"))
        country.unlink()
        self.assertNotIn(country.id, self._get_choices())

    def test_s19_countries_are_named_in_the_customers_language(self):
        self.env["res.lang"]._activate_lang("de_DE")
        country = self.env.ref("base.de")
        country.with_context(lang="de_DE").name = "Deutschland"
        country.with_context(lang="en_US").name = "Germany"
        self.assertEqual(self._get_choices("de_DE")[country.id][1], "Deutschland")
        self.assertEqual(self._get_choices("en_US")[country.id][1], "Germany")
