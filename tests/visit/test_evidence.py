import hashlib

from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import new_test_user

from ..common import PortalCommon


class TestPortalEvidence(PortalCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.link = cls._create_link(sent_by_id=cls.biller.id)
        cls._record_sent(cls.link, b"%PDF-1", message_id="<first@company.example>")
        cls._record_visit(cls.link, "machine", "known_agent")
        cls._pass_time(4 * 3600)
        cls.env.cr.execute(
            "UPDATE account_move_portal_link SET sent_on = NOW() - interval '4 hours'"
        )
        cls._record_view(cls.link)
        cls._pass_time(3600)
        # In sudo mode because nobody has the right to create attempts.
        transactions_sudo = cls.env["payment.transaction"].sudo()
        cls.transaction = transactions_sudo.create(
            {
                "provider_id": cls.env["payment.provider"].search([], limit=1).id,
                "payment_method_id": cls.env.ref("payment.payment_method_card").id,
                "reference": "PAID-1",
                "amount": 100.0,
                "currency_id": cls.invoice.currency_id.id,
                "partner_id": cls.customer.id,
                "invoice_ids": [Command.set(cls.invoice.ids)],
                "portal_attempt_ids": [
                    Command.create({"origin": "portal", "link_id": cls.link.id})
                ],
            }
        )
        cls.transaction._notify_outcome("received")
        cls.env.flush_all()

    def _get_evidence(self, invoice):
        report = invoice.env["report.account_payment_portal.report_portal_evidence"]
        return report._get_evidence(invoice)

    def test_b13_evidence_tells_in_order_what_was_sent_viewed_and_paid(self):
        self.env.user.tz = "Europe/Vienna"
        evidence = self._get_evidence(self.invoice)
        self.assertEqual(evidence["zone"], "Europe/Vienna")
        whats = [entry["what"] for entry in evidence["entries"]]
        self.assertEqual(whats, ["Link created", "Sent", "Viewed", "Paid"])
        details = " ".join(entry["detail"] or "" for entry in evidence["entries"])
        self.assertIn(f"by {self.env.user.name}, accepted by", details)
        self.assertIn("<first@company.example>", details)
        digest = hashlib.sha256(b"%PDF-1").hexdigest()
        self.assertEqual(evidence["documents"], [{"number": 1, "hash": digest}])
        self.assertIn("with PDF 1", details)
        self.assertIn("PAID-1", details)
        self.assertEqual(evidence["not_counted"]["machine"], 1)

    def test_b13_evidence_is_a_pdf_for_billers_and_auditors(self):
        auditor = new_test_user(
            self.env,
            login="portal_auditor",
            groups="account.group_account_readonly",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        for user in self.biller | auditor:
            content, kind = (
                self.env["ir.actions.report"]
                .with_user(user)
                .with_context(force_report_rendering=True)
                ._render_qweb_pdf(
                    "account_payment_portal.report_portal_evidence", self.invoice.ids
                )
            )
            self.assertEqual(kind, "pdf")
            self.assertTrue(content.startswith(b"%PDF-"))

    def test_b13_evidence_is_closed_to_customers_and_other_companies(self):
        customer = new_test_user(
            self.env,
            login="portal_carla",
            groups="base.group_portal",
            partner_id=self.customer.id,
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        self.invoice.with_user(customer).check_access("read")
        other = self.setup_other_company()["company"]
        self.biller.write({"company_ids": other.ids, "company_id": other.id})
        for user in customer | self.biller:
            with self.subTest(user=user.name), self.assertRaises(AccessError):
                self._get_evidence(self.invoice.with_user(user))

    def test_b13_evidence_tells_that_a_mail_bounced_and_a_payment_came_back(self):
        self.link._revoke("bounced")
        self.transaction._notify_outcome("returned")
        entries = self._get_evidence(self.invoice)["entries"]
        told = [(entry["what"], entry["detail"]) for entry in entries]
        self.assertIn(("Link closed", "Email bounced"), told)
        self.assertIn("Payment returned", [what for what, _detail in told])

    def test_b13_refusals_prove_nothing_and_are_left_out(self):
        events = self.env["account.move.portal.event"]
        for visitor in ("machine", "unverified", "person"):
            events._record(
                self.link.sudo(), "refused", visitor, reason="expired", device="phone"
            )
        whats = [entry["what"] for entry in self._get_evidence(self.invoice)["entries"]]
        self.assertNotIn("Refused", whats)

    def test_b13_blind_copies_are_named_and_their_visits_left_out(self):
        blind = self._create_link(email="archive@house.example", audience="internal")
        self._record_sent(blind, b"%PDF-1")
        self._record_visit(blind, "staff", "internal")
        entries = self._get_evidence(self.invoice)["entries"]
        told = [
            entry["what"]
            for entry in entries
            if "archive@house.example" in entry["who"]
        ]
        self.assertEqual(told, ["Link created", "Sent"])
        self.assertIn(
            "archive@house.example (blind copy)", [entry["who"] for entry in entries]
        )

    def test_b13_each_fingerprint_is_told_once(self):
        for content in (b"%PDF-1", b"%PDF-2", b"%PDF-2", b"%PDF-1"):
            self._record_sent(self.link, content)
        evidence = self._get_evidence(self.invoice)
        details = [entry["detail"] for entry in evidence["entries"]]
        self.assertEqual(
            [document["hash"] for document in evidence["documents"]],
            [hashlib.sha256(text).hexdigest() for text in (b"%PDF-1", b"%PDF-2")],
        )
        self.assertEqual(sum("with PDF 2" in detail for detail in details), 2)
        self.assertEqual(sum("with PDF 1" in detail for detail in details), 3)
        for document in evidence["documents"]:
            self.assertNotIn(document["hash"], " ".join(details))

    def test_b13_evidence_holds_no_token(self):
        html, _type = self.env["ir.actions.report"]._render_qweb_html(
            "account_payment_portal.report_portal_evidence", self.invoice.ids
        )
        self.assertIn(b"carla@customer.example", html)
        self.assertNotIn(self.link.sudo().token.encode(), html)

    def test_b13_payment_is_recorded_once_and_counts_as_a_view(self):
        link = self._create_link()
        self._record_visit(link)
        self.transaction.portal_attempt_id.link_id = link
        for _repetition in range(2):
            self.transaction._notify_outcome("received")
        self.assertEqual(
            sorted(link.event_ids.mapped("kind")), ["opened", "paid", "viewed"]
        )

    def test_b13_report_counts_and_measures(self):
        self.env["account.move.portal.report"].invalidate_model()
        report = self.env["account.move.portal.report"].with_user(self.biller)
        rows = report.search([("move_id", "=", self.invoice.id)])
        self.assertEqual(
            (rows.sent_count, rows.viewed_count, rows.paid_count, rows.view_count),
            (1, 1, 1, 1),
        )
        self.assertEqual(rows.stage, "paid")
        self.assertGreater(rows.hours_to_pay, rows.hours_to_view)
        [[count, hours]] = report._read_group(
            [("invoice_user_id", "=", self.salesperson.id)],
            [],
            ["viewed_count:sum", "hours_to_view:avg"],
        )
        self.assertEqual(count, 1)
        self.assertAlmostEqual(hours, 4, delta=0.1)
        self.assertEqual(
            report._read_group(
                [("move_id", "=", self.invoice.id)],
                ["partner_id", "invoice_user_id", "sent_on:month"],
                ["sent_count:sum", "paid_count:sum"],
            ),
            [
                (
                    self.customer,
                    self.salesperson,
                    self.link.sent_on.replace(
                        day=1, hour=0, minute=0, second=0, microsecond=0
                    ),
                    1,
                    1,
                )
            ],
        )

    def test_b13_report_tells_how_far_each_recipient_has_come(self):
        viewed, silent = (
            self._create_link(email=f"{name}@customer.example") for name in "ab"
        )
        self._record_view(viewed)
        self.env.flush_all()
        report = self.env["account.move.portal.report"].with_user(self.biller)
        stages = report._read_group([("move_id", "=", self.invoice.id)], ["stage"])
        self.assertEqual({stage for (stage,) in stages}, {"sent", "viewed", "paid"})
        self.assertEqual(report.browse(viewed.id).stage, "viewed")
        self.assertEqual(report.browse(silent.id).stage, "sent")

    def test_b13_report_of_other_companies_is_hidden(self):
        other = self.setup_other_company()["company"]
        self.biller.write({"company_ids": other.ids, "company_id": other.id})
        report = self.env["account.move.portal.report"].with_user(self.biller)
        self.assertFalse(report.search([]))
        with self.assertRaises(AccessError):
            report.browse(self.link.id).read(["email"])
