import io
from unittest.mock import patch

from pypdf import PdfReader

from odoo.tests import HttpCase
from odoo.tools import mute_logger

from ..common import PortalMailCommon
from ..payment_common import PortalPaymentCommon

MAIL_LOGGER = (
    "odoo.addons.account_payment_portal.models.send.account_move_portal_delivery"
)


class TestPaymentReceipt(PortalPaymentCommon, PortalMailCommon, HttpCase):
    """The payer's receipt, when the money has arrived."""

    def _pay(self, link=None, **billing):
        values = self.env["account.move.portal.attempt"]._get_billing_defaults(
            self.customer
        )
        tx = self._create_attempt(link=link, portal_billing={**values, **billing})
        self._confirm(tx)
        tx.portal_attempt_id._stripe_refresh()
        return tx.with_context(force_report_rendering=True)

    def test_b9_receipt_is_mailed_once_to_the_payer_and_in_the_payers_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        # The staff's and the invoice's contact's is English.
        payer = self.customer.copy({"lang": "fr_FR"})
        link = self._create_link(partner_id=payer.id)
        tx = self._pay(link, email="clerk@customer.example")
        self.assertEqual(tx.portal_receipt_state, "waiting")
        with self.mailbox() as mailbox:
            self._send_due()
            self._send_due()
            [message] = mailbox.messages
        self.assertEqual(message.envelope_to, ["clerk@customer.example"])
        self.assertIn(self.invoice.name, message.subject)
        [attachment] = message.attachments
        [page] = PdfReader(io.BytesIO(attachment.content)).pages
        text = " ".join(page.extract_text().split())
        self.assertIn("Reçu de paiement", text)
        self.assertNotIn("Payment Receipt", text)
        self.assertIn(self.company.name, text, "the letterhead")
        self.assertEqual(tx.portal_receipt_state, "sent")

    def test_b9_no_receipt_before_the_money_has_arrived(self):
        self._enable_echeck()
        tx = self._create_attempt(method=self.echeck)
        self._confirm_bank(tx)
        tx.portal_attempt_id._stripe_refresh()
        self.assertFalse(tx.portal_receipt_state)

    def test_b9_company_may_go_without(self):
        self.company.portal_send_receipt = False
        self.assertFalse(self._pay().portal_receipt_state)

    def test_b9_receipt_that_fails_undoes_nothing(self):
        tx = self._pay()
        with (
            mute_logger(MAIL_LOGGER),
            patch.object(
                type(tx.portal_attempt_id), "_get_receipt", side_effect=ValueError
            ),
        ):
            self._send_due()
        self.assertEqual(tx.portal_receipt_state, "failed")
        self._assert_paid_once()

    def test_b9_captured_by_staff_is_paid_told_and_receipted_once(self):
        self._capture_manually()
        tx = self._pay()
        self.assertEqual(tx.state, "authorized")
        self.assertFalse(tx.portal_receipt_state)
        tx.with_user(self.biller).sudo(False).action_capture()
        tx.portal_attempt_id._stripe_refresh()
        self._catch_up()
        self.assertEqual(tx.state, "done")
        self.assertEqual(tx.portal_attempt_id._get_payment_status(), "paid")
        self.assertFalse(tx.child_transaction_ids)
        self.assertEqual(tx.payment_id.amount, 100.0)
        self._assert_paid_once()
        self.assertEqual(tx.portal_receipt_state, "waiting")
        self.assertFalse(tx.portal_attempt_id.is_open)
        self.assertEqual(self._get_outcomes(tx), ["received"])
        self.sandbox.control.dispute(tx.provider_reference)
        self._catch_up()
        self.assertTrue(tx.portal_attempt_id.is_reversed)
        self.assertEqual(self.invoice.amount_residual, 100.0)

    def test_s22_no_receipt_is_made_of_no_payment(self):
        tx = self._pay()
        tx.payment_id = False  # As after a capture in parts, which has several.
        self.ledger_is_checked = False
        response = self.url_open(self.link._get_path("receipt"), allow_redirects=False)
        self.assertURLEqual(response.headers["Location"], self.link._get_path("result"))
        page = self.url_open(self.link._get_path("result")).text
        self.assertIn("your payment was received", page)
        self.assertNotIn("Download the receipt", page)

    def test_s22_receipt_is_downloaded_from_the_answer(self):
        self._pay()
        with patch.object(
            type(self.env["account.move.portal.attempt"]),
            "_get_receipt",
            lambda attempt: (
                f"Receipt {attempt.reference}.pdf".replace("/", "-"),
                b"%PDF-1",
            ),
        ):
            response = self.url_open(self.link._get_path("receipt"))
        self.assertEqual(response.headers["Content-Type"], "application/pdf")
        self.assertIn("Receipt%20INV", response.headers["Content-Disposition"])
