from html import unescape

from freezegun import freeze_time

from odoo.fields import Command
from odoo.tests import HttpCase

from ..payment_common import PortalPaymentCommon


class TestPaymentTerms(PortalPaymentCommon, HttpCase):
    """Page, email and screen name the same next amount and day."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.installments = cls.env["account.payment.term"].create(
            {
                "name": "30 now, 70 later",
                "line_ids": [
                    Command.create(
                        {"value": "percent", "value_amount": percent, "nb_days": days}
                    )
                    for percent, days in [(30, 10), (70, 60)]
                ],
            }
        )
        cls.discount = cls.env["account.payment.term"].create(
            {
                "name": "2/10 net 30",
                "early_discount": True,
                "discount_percentage": 2,
                "discount_days": 10,
                "line_ids": [
                    Command.create(
                        {"value": "percent", "value_amount": 100, "nb_days": 30}
                    )
                ],
            }
        )

    def _create(self, term, **values):
        return self._create_portal_invoice(
            invoice_date="2026-03-01",
            invoice_date_due=False,
            invoice_payment_term_id=term.id,
            **values,
        )

    def _get_texts(self, invoice):
        """Return what page, email and screen say, without what breaks a line."""
        link = self._create_link(invoice)
        self.env.flush_all()
        email = self.env["account.move.portal.text"]._render_mail(link, "Hello", "Body")
        texts = {
            "page": self.url_open(link._get_path()).text,
            "email": str(email),
            "screen": self.url_open(link._get_path("pay")).text,
        }
        return {
            place: " ".join(unescape(text).replace("\xa0", " ").split())
            for place, text in texts.items()
        }

    def _check(self, invoice, label, amount, due):
        """Check that all three say it, and since or until when the invoice is due."""
        for place, text in self._get_texts(invoice).items():
            with self.subTest(place):
                self.assertIn(label, text)
                self.assertIn(amount, text)
        values = self.env["account.move.portal.text"]._get_values(invoice)
        self.assertEqual(values["due_date"], due)
        for place in ("page", "email"):
            self.assertIn(due, self._get_texts(invoice)[place])

    def test_s15_next_installment_is_the_same_everywhere(self):
        with freeze_time("2026-03-05 12:00:00"):
            invoice = self._create(self.installments)
            self._check(
                invoice, "Next installment, due 03/11/2026", "30.00", "03/11/2026"
            )
            self.assertEqual(invoice._get_portal_invoice_status(), "open")

    def test_s15_overdue_installment_makes_the_invoice_overdue(self):
        with freeze_time("2026-03-21 12:00:00"):
            invoice = self._create(self.installments)
            label = "Overdue installments, due since 03/11/2026"
            self._check(invoice, label, "30.00", "03/11/2026")
            self.assertEqual(invoice._get_portal_invoice_status(), "overdue")
            self.assertEqual(invoice._get_portal_days_overdue(), 10)

    def test_s15_paid_installment_leaves_the_next_one(self):
        with freeze_time("2026-03-21 12:00:00"):
            invoice = self._create(self.installments)
            tx = self._create_attempt(link=self._create_link(invoice), amount=30.0)
            self._settle_without_charge(tx)
            tx.portal_attempt_id._try_booking(tx)
            self.assertEqual(invoice._get_portal_invoice_status(), "partly_paid")
            self.assertEqual(invoice._get_portal_days_overdue(), 0)
            self.assertEqual(str(invoice._get_portal_due_date()), "2026-04-30")
            self.assertFalse(invoice._get_portal_terms(), "it is all that is left")
            self.assertEqual(invoice._get_portal_amounts()[0][0], 70.0)

    def test_s15_early_discount_is_the_same_everywhere(self):
        with freeze_time("2026-03-05 12:00:00"):
            invoice = self._create(self.discount)
            label = "Discount of $ 2.00 if paid by 03/11/2026"
            self._check(invoice, label, "98.00", "03/31/2026")
        with freeze_time("2026-03-15 12:00:00"):
            for place, text in self._get_texts(invoice).items():
                self.assertNotIn("Discount", text, place)

    def test_s15_draft_names_no_terms(self):
        """What it comes to is known once it is confirmed."""
        invoice = self._create(self.installments, post=False)
        self.assertFalse(invoice._get_portal_terms())

    def test_s15_installments_in_the_language_of_the_reader(self):
        self.env["res.lang"]._activate_lang("de_DE")
        with freeze_time("2026-03-05 12:00:00"):
            invoice = self._create(self.installments).with_context(lang="de_DE")
            [term] = invoice._get_portal_terms()
            self.assertIn("11.03.2026", term)
