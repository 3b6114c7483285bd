from odoo import api, models


class PaymentProvider(models.Model):
    """What is given up when a provider is switched off, and that it is told before."""

    _inherit = "payment.provider"

    # === CRUD METHODS === #

    def write(self, vals):
        """Override of `payment` to release what is under way once it is disabled."""
        result = super().write(vals)
        if vals.get("state") == "disabled":
            self._find_portal_open_attempts_sudo()._request_release()
        return result

    # === ONCHANGE METHODS === #

    @api.onchange("state")
    def _onchange_state_warn_of_open_portal_attempts(self):
        """Warn of payments that are under way when the provider is switched off.

        :return: The warning, if there is something to be warned of.
        :rtype: dict | None
        """
        attempts_sudo = self._origin._find_portal_open_attempts_sudo()
        if self.state != "disabled" or not attempts_sudo:
            return None
        return {
            "warning": {
                "title": self.env._("Payments are under way"),
                "message": self.env._(
                    "%(count)s payments with this provider are under way: "
                    "%(references)s. They will be cancelled if you switch it off. "
                    "Those that can no longer be stopped will appear in the list of "
                    "payments that need you.",
                    count=len(attempts_sudo),
                    references=", ".join(attempts_sudo[:10].mapped("reference")),
                ),
            }
        }
