from odoo import api, models
from odoo.tools import ormcache

from . import mail


class IrMailServer(models.Model):
    _inherit = "ir.mail_server"

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        self.env.registry.clear_cache()  # See `_is_there_for_everybody`.
        return super().create(vals_list)

    def write(self, vals):
        if not vals.keys().isdisjoint(("active", "owner_user_id")):
            self.env.registry.clear_cache()
        return super().write(vals)

    def unlink(self):
        self.env.registry.clear_cache()
        return super().unlink()

    # === BUSINESS METHODS === #

    @api.model
    @ormcache()
    def _is_there_for_everybody(self):
        """Return whether there is a mail server that is no one's own.

        Cached because the window asks whenever it is opened.

        :rtype: bool
        """
        return bool(mail.get_servers(self.env, limit=1))
