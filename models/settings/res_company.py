from datetime import datetime, time, timedelta

import pytz

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ...tools import email_addresses

#: Of the two text colours, one has a contrast of at least 4.5 on any background.
LIGHT_TEXT, DARK_TEXT = "#ffffff", "#111111"
DEFAULT_COLOR = "#1f4e8c"


def _get_luminance(color):
    """Return how bright a colour is, from 0 (black) to 1 (white).

    Source: WCAG 2.2, "relative luminance".

    :param str color: The colour as `#rrggbb`.
    :rtype: float
    """
    channels = [int(color[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in channels
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _get_contrast(color, other):
    """Return the contrast of two colours, from 1 to 21.

    Source: WCAG 2.2, "contrast ratio".

    :param str color: A colour as `#rrggbb`.
    :param str other: Another.
    :rtype: float
    """
    darker, lighter = sorted([_get_luminance(color), _get_luminance(other)])
    return (lighter + 0.05) / (darker + 0.05)


def _get_only_zone(country):
    """Return the time zone of a country that has but one time of day.

    :param res.country country: The country; possibly empty.
    :return: A name of the IANA time zone database; empty if there are several.
    :rtype: str
    """
    zones = pytz.country_timezones.get(country.code or "", ())
    if not zones:
        return ""
    now = datetime.now(pytz.utc)
    times = (now.astimezone(pytz.timezone(zone)).utcoffset() for zone in zones)
    first = next(times)
    # Of large countries the second zone is another one: not all need be looked at.
    return zones[0] if all(time == first for time in times) else ""


class ResCompany(models.Model):
    _inherit = "res.company"

    # === FIELDS - LINKS AND VISITS === #

    portal_link_expiry = fields.Selection(
        selection=[("due_date", "After the due date"), ("never", "Never")],
        string="Portal links expire",
        required=True,
        default="due_date",
    )
    portal_link_expiry_days = fields.Integer(
        string="Days after the due date", default=180
    )
    portal_event_months = fields.Integer(
        string="Months to keep portal visits",
        help="Older visits are summed up on their link and removed.",
        default=24,
    )

    # === FIELDS - EMAIL === #

    portal_mail_cc = fields.Char(
        string="Portal email: default CC",
        help="Who gets a visible copy of each payment portal email.",
    )
    portal_mail_bcc = fields.Char(
        string="Portal email: default BCC",
        help="Who gets a blind copy of each payment portal email.",
    )
    portal_mail_subject = fields.Char(
        string="Portal email: subject",
        help="If empty, the standard subject in the customer's language.",
        translate=True,
    )
    portal_mail_body = fields.Html(
        string="Portal email: message",
        help="If empty, the standard text in the customer's language.",
        translate=True,
        # Else it were translated sentence by sentence: a text in one language would
        # take the place of the other languages'. It is sanitized when it is used.
        sanitize=False,
    )
    portal_mail_size_limit = fields.Integer(
        string="Portal email: maximum size (MB)",
        help="Supporting documents that would make an email larger than this many "
        "megabytes are offered on the invoice page instead.",
        default=10,
        required=True,
    )
    portal_send_receipt = fields.Boolean(
        string="Receipts",
        help="Customers who pay on the payment portal get a receipt by email as soon "
        "as the money arrives.",
        default=True,
    )
    portal_is_default_report = fields.Boolean(
        string="Payment Link on Every Invoice",
        help="Also add the payment link to invoices sent or printed with Odoo's own "
        "buttons, unless the customer or journal uses another report.",
    )

    portal_replaces_send = fields.Boolean(
        string="Send with the Payment Portal",
        help="The Send button of a customer invoice opens the window “Email Payment"
        " Portal Link”. Odoo's own window stays in the action menu.",
    )

    # === FIELDS - PAYMENT === #

    portal_allow_part_payment = fields.Boolean(
        string="Partial Payments",
        help="Customers can pay less than the balance due on the payment portal.",
        default=True,
    )
    portal_minimum_part_payment = fields.Monetary(
        string="Minimum Payment",
        help="The smallest amount per payment, unless the balance is lower.",
    )
    portal_shows_account = fields.Boolean(
        string="Show Other Open Invoices",
        help="The invoice page tells the recipient of the link, if that is a contact of"
        " the customer, about the customer's other open invoices, with a link to see"
        " and pay them all. Anyone the email is forwarded to can follow it, too.",
    )
    _portal_mail_size_limit_positive = models.Constraint(
        "CHECK (portal_mail_size_limit > 0)",
        "The maximum email size must be at least 1 MB.",
    )

    # === CONSTRAINT METHODS === #

    @api.constrains("portal_mail_cc", "portal_mail_bcc")
    def _check_portal_mail_addresses(self):
        for company in self:
            for text in (company.portal_mail_cc, company.portal_mail_bcc):
                if malformed := email_addresses.parse(text)[1]:
                    raise ValidationError(
                        self.env._(
                            "“%(address)s” is not an email address.",
                            address=malformed[0],
                        )
                    )

    @api.constrains("portal_link_expiry_days", "portal_event_months")
    def _check_portal_periods(self):
        """Check that links live and visits are kept for some time.

        :raise ValidationError: If a period is negative or none.
        """
        for company in self:
            if company.portal_link_expiry_days < 0 or company.portal_event_months < 1:
                raise ValidationError(
                    self.env._(
                        "Portal links must expire after 0 days or more, and visits "
                        "must be kept for at least 1 month."
                    )
                )

    # === BUSINESS METHODS === #

    def _get_portal_timezone(self):
        """Return the time zone by which the portal reckons for this company.

        That of the company's own contact, the only one that core keeps for a company;
        else that of its country, if it has but one time of day; a branch of which
        neither is known has its parent's. Never that of whoever runs the code:
        customers, webhooks, schedules and staff have to come to the same day.

        :return: A name of the IANA time zone database.
        :rtype: str
        """
        self.ensure_one()
        # In sudo mode because the company's contact is closed to customers.
        company_sudo = self.sudo()
        for one_sudo in reversed(company_sudo.parent_ids or company_sudo):
            # The contact's country: the company's own field is computed from it.
            partner = one_sudo.partner_id
            if zone := partner.tz or _get_only_zone(partner.country_id):
                return zone
        return "UTC"

    def _get_portal_day(self, moment=None):
        """Return the day by which the portal reckons for this company.

        Every date that a customer reads, or that is booked, comes from here.

        :param datetime.datetime moment: A moment, in UTC; now if None.
        :rtype: datetime.date
        """
        self.ensure_one()
        return fields.Date.context_today(
            self.with_context(tz=self._get_portal_timezone()), moment
        )

    def _get_portal_day_end(self, day):
        """Return when a day of this company is over.

        :param datetime.date day: The day.
        :return: The first moment of the next day, in UTC.
        :rtype: datetime.datetime
        """
        self.ensure_one()
        midnight = datetime.combine(day + timedelta(days=1), time.min)
        zone = pytz.timezone(self._get_portal_timezone())
        return zone.localize(midnight).astimezone(pytz.utc).replace(tzinfo=None)

    def _get_portal_colors(self):
        """Return the colours of the portal's main button: the company's, legible.

        :return: The background and the text, as `#rrggbb`.
        :rtype: tuple[str, str]
        """
        self.ensure_one()
        color = (self.primary_color or "").lower()
        if len(color) != 7 or not color.startswith("#"):
            color = DEFAULT_COLOR
        text = max(LIGHT_TEXT, DARK_TEXT, key=lambda text: _get_contrast(color, text))
        return color, text
