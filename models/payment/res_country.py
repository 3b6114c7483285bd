from odoo import api, models, tools


class ResCountry(models.Model):
    _inherit = "res.country"

    # === CRUD METHODS === #

    def write(self, vals):
        """Override of `base` to have the choices made anew; core does so for codes."""
        if "name" in vals:
            self.env.registry.clear_cache("stable")
        return super().write(vals)

    # === BUSINESS METHODS === #

    @api.model
    @tools.ormcache("self.env.lang", cache="stable")
    def _get_portal_choices(self):
        """Return the countries to choose from, in the order of the user's language.

        Kept, because reading the countries of the world is a quarter of the server's
        work for the payment screen.

        :return: The id, code and name of each.
        :rtype: tuple[tuple[int, str, str]]
        """
        # In sudo mode because address data is closed to the public.
        return tuple(
            (country.id, country.code or "", country.name)
            for country in self.sudo().search([])
        )

    @api.model
    def _get_portal_country(self, country_id):
        """Return a country that can be chosen.

        :param int|bool country_id: Its id, as a visitor has sent it.
        :return: The country in sudo mode, as address data is closed to the public;
            empty for any other id.
        :rtype: res.country
        """
        known = {choice[0] for choice in self._get_portal_choices()}
        return self.sudo().browse([country_id] if country_id in known else [])
