from datetime import datetime, time, timedelta

import pytz

from odoo import api, models


class ResCompany(models.Model):
    """The company's own texts of portal emails."""

    _inherit = "res.company"

    @api.constrains("portal_mail_subject", "portal_mail_body")
    def _check_portal_mail_texts(self):
        for company in self:
            for text in (company.portal_mail_subject, company.portal_mail_body):
                self.env["account.move.portal.text"]._check(text)

    def _get_portal_moment(self, day, hour):
        """Return the moment at which the clock of this company says something.

        An hour that a change to summer time leaves out is the one after it; of an hour
        that comes twice, it is the first.

        :param datetime.date day: The day.
        :param float hour: The hour, such as 9.5 for half past nine.
        :return: The moment in UTC.
        :rtype: datetime.datetime
        """
        self.ensure_one()
        zone = pytz.timezone(self._get_portal_timezone())
        said = datetime.combine(day, time.min) + timedelta(minutes=round(hour * 60))
        try:
            moment = zone.localize(said, is_dst=None)
        except pytz.AmbiguousTimeError:
            moment = zone.localize(said, is_dst=True)
        except pytz.NonExistentTimeError:
            # As if the clock had not been put forward: one hour later on it.
            moment = zone.localize(said, is_dst=False)
        return moment.astimezone(pytz.utc).replace(tzinfo=None)
