from odoo import api, fields, models

VIEWED = "on_portal_viewed"
PAYMENT_RECEIVED = "on_portal_payment_received"
TRIGGERS = (VIEWED, PAYMENT_RECEIVED)


class BaseAutomationPortalSummary(models.AbstractModel):
    """What a portal rule does, in plain words."""

    _name = "base.automation.portal.summary"
    _description = "Automation Rule: what a portal rule does, in words"

    portal_summary = fields.Char(string="Rule", compute="_compute_portal_summary")

    # === COMPUTE METHODS === #

    @api.depends_context("lang")
    @api.depends(
        "trigger",
        "portal_view_scope",
        "portal_throttle_minutes",
        "portal_payment_event",
        "portal_payment_scope",
        "portal_payment_method",
        "portal_recipient",
        "portal_user_ids",
        "portal_channel_id",
        "portal_delivery",
        "filter_domain",
    )
    def _compute_portal_summary(self):
        for automation in self:
            automation.portal_summary = self.env._(
                "%(occasion)s%(condition)s: %(what)s",
                occasion=automation._describe_portal_occasion(),
                condition=automation._describe_portal_condition(),
                what=automation._describe_portal_recipient(),
            )

    @api.onchange("trigger", "portal_recipient")
    def _onchange_portal_name(self):
        """Name a rule by what it does, as long as nobody has named it otherwise."""
        if self.trigger not in TRIGGERS or not self.portal_recipient:
            return
        recipients = self._fields["portal_recipient"].get_values(self.env)
        defaults = {
            self._get_portal_name(trigger, recipient)
            for trigger in TRIGGERS
            for recipient in recipients
        }
        if not self.name or self.name in defaults:
            self.name = self._get_portal_name(self.trigger, self.portal_recipient)

    # === BUSINESS METHODS === #

    @api.model
    def _get_portal_name(self, trigger, recipient):
        """Return the name that a rule is given by default.

        :param str trigger: A portal trigger.
        :param str recipient: A value of `portal_recipient`.
        :rtype: str
        """
        return self.env._(
            "%(trigger)s: %(recipient)s",
            trigger=self._get_labels("trigger")[trigger],
            recipient=self._get_labels("portal_recipient")[recipient],
        )

    @api.model
    def _get_labels(self, name):
        """Return the words of a selection's values."""
        return dict(self._fields[name]._description_selection(self.env))

    def _get_label(self, name):
        """Return the words of the selection's value that this rule has."""
        return self._get_labels(name).get(self[name], "")

    def _describe_portal_occasion(self):
        """Return in words when the rule is due."""
        if self.trigger == VIEWED:
            text = self.env._(
                "On %(scope)s", scope=self._get_label("portal_view_scope")
            )
            if self.portal_throttle_minutes:
                text += self.env._(
                    ", at most once in %(minutes)s minutes",
                    minutes=self.portal_throttle_minutes,
                )
            return text
        words = [
            self.env._(
                "When a payment %(event)s",
                event=self._get_label("portal_payment_event"),
            )
        ]
        if self.portal_payment_method != "any":
            words.append(self._get_label("portal_payment_method"))
        if (
            self.portal_payment_event == "received"
            and self.portal_payment_scope == "full"
        ):
            words.append(self._get_label("portal_payment_scope"))
        return ", ".join(words)

    def _describe_portal_condition(self):
        """Return in words whether the rule is for some invoices only."""
        if (self.filter_domain or "[]").strip() == "[]":
            return ""
        return self.env._(", for some invoices")

    def _describe_portal_recipient(self):
        """Return in words whom the rule tells, and how."""
        if self.portal_recipient == "webhook":
            return self.env._("call a webhook")
        if self.portal_recipient == "channel":
            return self.env._(
                "tell the channel %(channel)s",
                channel=self.portal_channel_id.display_name or "",
            )
        if not self.portal_recipient:
            return self.env._("only run the actions")
        who = self._get_label("portal_recipient").lower()
        if self.portal_recipient == "users":
            who = ", ".join(self.portal_user_ids.mapped("name"))
        return self.env._(
            "tell %(who)s by %(delivery)s",
            who=who,
            delivery=self._get_label("portal_delivery"),
        )
