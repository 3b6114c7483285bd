from odoo import models


class MailRenderMixin(models.AbstractModel):
    _inherit = "mail.render.mixin"

    def _render_eval_context(self):
        """Override of `mail` to have the occasion at hand in a portal rule's mails.

        Empty where there is none, so that the templates of such mails can be checked
        and previewed.
        """
        context = super()._render_eval_context()
        notification = self.env["account.move.portal.notification"]._get_current()
        if notification or self._is_of_invoices():
            context.update(notification._get_occasion())
        return context

    def _is_of_invoices(self):
        """Return whether this is the mail template of an invoice.

        :rtype: bool
        """
        return self._name == "mail.template" and "account.move" in self.mapped("model")
