from email import message_from_string
from email.policy import SMTP
from textwrap import dedent

from odoo.tests import BaseCase

from ...tools import delivery_status
from ..common import PortalCommon


def make_report(*recipients, message_id="<mid@company.example>"):
    """Return a delivery status notification as a mail server sends it (RFC 3464).

    :param tuple recipients: For each, its address, and its fields as text.
    :param str message_id: Of the email that it is about.
    :rtype: str
    """
    blocks = "\n".join(
        f"Final-Recipient: rfc822; {address}\n{fields}\n"
        for address, fields in recipients
    )
    head = dedent(f"""\
        From: MAILER-DAEMON@mx.example
        To: bounce@company.example
        Subject: Undelivered Mail
        Message-Id: <report-{abs(hash((recipients, message_id)))}@mx.example>
        MIME-Version: 1.0
        Content-Type: multipart/report; report-type=delivery-status; boundary="B"

        --B
        Content-Type: text/plain

        Sorry.

        --B
        Content-Type: message/delivery-status

        Reporting-MTA: dns; mx.example

        """)
    tail = dedent(f"""\

        --B
        Content-Type: message/rfc822

        From: billing@company.example
        To: carla@customer.example
        Subject: Invoice
        Message-Id: {message_id}

        x

        --B--
        """)
    return f"{head}{blocks}{tail}"


class TestDeliveryStatus(BaseCase):
    """Which reports say that there is no such address."""

    def _is_gone(self, fields):
        report = message_from_string(make_report(("a@b.example", fields)), policy=SMTP)
        [status] = delivery_status.read(report)
        self.assertEqual(status.recipient, "a@b.example")
        return status.is_no_such_address

    def test_b2_address_that_failed_for_good_is_told_from_all_else(self):
        for is_gone, fields in [
            (True, "Action: failed\nStatus: 5.1.1"),
            (True, "Action: Failed (no user)\nStatus: 5.1.1 (bad mailbox)"),
            (True, "Action: failed\nStatus: 5.1.2"),
            (True, "Action: failed\nStatus: 5.1.10"),
            (
                True,
                "Action: failed\nStatus: 5.0.0\n"
                "Diagnostic-Code: smtp; 550 5.1.1 <a@b.example>: unknown",
            ),
            (
                True,
                "Action: failed\nStatus: 5.0.0\n"
                "Diagnostic-Code: smtp; 550-No Such User Here",
            ),
            (
                True,
                "Action: failed\nDiagnostic-Code: smtp;554 delivery error: dd This "
                "user doesn't have a mail.example account 550",
            ),
            (False, "Action: delayed\nStatus: 4.4.1"),
            (False, "Action: delayed\nStatus: 5.1.1"),
            (False, "Action: relayed\nStatus: 2.0.0"),
            (False, "Action: delivered\nStatus: 2.1.5"),
            (False, "Action: expanded\nStatus: 2.0.0"),
            (False, "Action: failed\nStatus: 4.2.2"),
            (False, "Action: failed\nStatus: 4.4.7"),
            (False, "Action: failed\nStatus: 5.2.2"),
            (False, "Action: failed\nStatus: 5.7.1"),
            (False, "Action: failed\nStatus: 5.3.4"),
            (False, "Action: failed\nStatus: 5.1.8"),
            (False, "Action: failed\nStatus: 5.0.0"),
            (
                False,
                "Action: failed\nStatus: 5.0.0\n"
                "Diagnostic-Code: smtp; 550 5.7.1 user unknown to the spam filter",
            ),
            (
                False,
                "Action: failed\nStatus: 5.0.0\n"
                "Diagnostic-Code: smtp; 550 Message refused as spam",
            ),
        ]:
            with self.subTest(fields=fields):
                self.assertEqual(self._is_gone(fields), is_gone)

    def test_b2_email_that_reports_nothing_is_read_as_such(self):
        for text in [
            "Subject: Hello\n\nx",
            "Content-Type: message/delivery-status\n\n",
        ]:
            self.assertFalse(delivery_status.read(message_from_string(text)))


class TestLinkBounce(PortalCommon):
    """What a report closes: the links of an address that does not exist."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.message = cls.invoice.message_post(subject=cls.invoice.name)
        cls.link = cls._create_link()
        cls.gone = cls._create_link(email="gone@customer.example", partner_id=False)
        # The domain that bounces come back to.
        cls.domain = cls.env["mail.alias.domain"].sudo().create({"name": "c.example"})
        cls.company.sudo().alias_domain_id = cls.domain

    def _receive(self, *recipients, message_id=None):
        report = make_report(
            *recipients, message_id=message_id or self.message.message_id
        )
        report = report.replace("bounce@company.example", self.domain.bounce_email)
        # As the mail gateway, which has no user.
        self.env["mail.thread"].sudo().message_process("account.move", report)

    def test_b2_failed_address_closes_its_link_only(self):
        self._receive(("Gone@Customer.example", "Action: failed\nStatus: 5.1.1"))
        self.assertEqual(self.gone.revocation_reason, "bounced")
        self.assertEqual(self.link.state, "live")

    def test_b2_one_report_of_several_recipients_is_read_to_its_end(self):
        self._receive(
            ("carla@customer.example", "Action: delayed\nStatus: 4.4.1"),
            ("gone@customer.example", "Action: failed\nStatus: 5.1.1"),
        )
        self.assertEqual(self.gone.revocation_reason, "bounced")
        self.assertEqual(self.link.state, "live")

    def test_b2_delay_and_other_reports_close_nothing(self):
        for fields in [
            "Action: delayed\nStatus: 4.4.1",
            "Action: relayed\nStatus: 2.0.0",
            "Action: failed\nStatus: 5.2.2",
            "Action: failed\nStatus: 5.7.26",
        ]:
            self._receive(("gone@customer.example", fields))
            with self.subTest(fields=fields):
                self.assertEqual(self.gone.state, "live")

    def test_b2_report_on_no_email_of_ours_closes_nothing(self):
        self._receive(
            ("gone@customer.example", "Action: failed\nStatus: 5.1.1"),
            message_id="<made-up@elsewhere.example>",
        )
        self.assertEqual(self.gone.state, "live")
