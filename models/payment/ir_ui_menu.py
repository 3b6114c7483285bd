from odoo import models

from ... import const


class IrUiMenu(models.Model):
    """The menu that says how many payments need staff."""

    _inherit = "ir.ui.menu"

    def load_web_menus(self, debug):
        """Override of `web` to count the payments that need staff beside their menu.

        The browser asks for the menus each time that it opens Odoo.
        """
        menus = super().load_web_menus(debug)
        menu = self.env.ref(const.TODO_MENU, raise_if_not_found=False)
        entry = menu and menus.get(menu.id)
        count = self.env["account.move.portal.todo"]._get_open_count() if entry else 0
        if count:
            menus[menu.id] = {**entry, "name": f"{entry['name']} ({count})"}
        return menus
