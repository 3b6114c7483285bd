from odoo.tests import HttpCase

from ..common import PortalMailCommon
from ..payment_common import PortalPaymentCommon


class TestPaymentTodoMail(PortalPaymentCommon, PortalMailCommon, HttpCase):
    """Staff who prefer emails are mailed what needs them, once and at once."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.salesperson.notification_type = "email"

    def _pay_other_amount(self):
        tx = self._create_attempt()
        self._get_stripe().payment_intents.update(
            tx.provider_reference, {"amount": 7000}
        )
        self._confirm(tx)

    def _assert_told_once(self, mailbox):
        [message] = mailbox.messages
        self.assertEqual(message.envelope_to, ["sally@company.example"])
        self.assertIn("70.0 USD", message.subject)

    def test_s22_staff_are_mailed_though_a_provider_makes_it_known(self):
        self._pay_other_amount()
        with self.mailbox() as mailbox:
            for event in self._get_events() * 2:
                self.assertEqual(self._deliver(event).status_code, 200)
            self._assert_told_once(mailbox)

    def test_s22_staff_are_mailed_though_a_customer_makes_it_known(self):
        self._pay_other_amount()
        with self.mailbox() as mailbox:
            for _repetition in range(2):
                self.make_jsonrpc_request(self.link._get_path("status"))
            self._assert_told_once(mailbox)

    def test_s22_staff_are_mailed_at_once_by_scheduled_code(self):
        self._pay_other_amount()
        # As core runs scheduled code.
        self.env = self.env(context={"mail_notify_force_send": False})
        with self.mailbox() as mailbox:
            for _repetition in range(2):
                self._catch_up()
            self._assert_told_once(mailbox)
