from odoo.tools import mute_logger

from ..link.test_link_bounce import make_report
from ..send_common import MAIL_LOGGERS, PortalSendCommon


class TestDeliveryBounce(PortalSendCommon):
    """What mail servers report of the emails that the window has really sent."""

    has_document = True

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # The domain that bounces come back to.
        cls.domain = cls.env["mail.alias.domain"].sudo().create({"name": "c.example"})
        cls.company.sudo().alias_domain_id = cls.domain

    def _report(self, mail, *recipients):
        """Have the mail gateway take the report on an email."""
        report = make_report(
            *recipients, message_id=mail.header("Message-Id").strip()
        ).replace("bounce@company.example", self.domain.bounce_email)
        self.env["mail.thread"].sudo().message_process("account.move", report)

    @mute_logger(*MAIL_LOGGERS)
    def test_c5_bounce_closes_the_link_of_its_own_address(self):
        addresses = ["carla@customer.example", "otto@customer.example"]
        copies = ["cecil@customer.example", "boss@company.example"]
        with self.mailbox() as mailbox:
            self._send(
                email_to=", ".join(addresses),
                email_cc=copies[0],
                email_bcc=copies[1],
            )
        mails = {mail.envelope_to[0]: mail for mail in mailbox.messages}
        self.assertEqual(set(mails), {*addresses, *copies})
        closed = set()
        for address in reversed([*addresses, *copies]):
            for fields in [
                "Action: delayed\nStatus: 4.4.1",
                "Action: relayed\nStatus: 2.0.0",
                "Action: failed\nStatus: 4.2.2",
                "Action: failed\nStatus: 5.2.2",
            ]:
                self._report(mails[address], (address, fields))
            self._assert_closed(closed)
            self._report(mails[address], (address, "Action: failed\nStatus: 5.1.1"))
            closed.add(address)
            self._assert_closed(closed)

    def _assert_closed(self, addresses):
        bounced = self._get_links().filtered(
            lambda link: link.revocation_reason == "bounced"
        )
        self.assertEqual(set(bounced.mapped("email")), addresses)
        live = self._get_links() - bounced
        self.assertEqual(set(live.mapped("state")) - {"live"}, set())
