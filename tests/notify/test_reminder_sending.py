from ..link.test_link_bounce import make_report
from ..reminder_common import PortalReminderCommon

DECIDED, SENT = "2026-03-03 16:00:00", "2026-03-03 16:20:00"


class TestReminderSending(PortalReminderCommon):
    """A reminder as an email, and what keeps it from leaving at the last moment."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.invoice = cls._create_portal_invoice(
            invoice_date_due="2026-03-02", price=120.0
        )

    def _send_invoice(self, mailbox):
        """Email the invoice with its link, in February; return the email."""
        with self._at("2026-02-02 15:00:00"):
            self._send(self.invoice)
        [mail] = mailbox.messages
        mailbox.clear()
        return mail

    def _send_at(self, moment=SENT):
        with self._at(moment):
            self._send_due()

    # === THE EMAIL === #

    def test_b11_reminder_is_in_the_thread_with_the_recipient_s_own_link(self):
        rule = self._create_rule()
        with self.mailbox() as mailbox:
            first = self._send_invoice(mailbox)
            link = self._get_links()
            self.assertEqual(self._decide(DECIDED), [(rule, self.invoice)])
            self._send_at()
            [mail] = mailbox.messages
        self.assertEqual(mail.envelope_to, ["carla@customer.example"])
        message = mail.email
        self.assertEqual(message["Subject"], f"Invoice {self.invoice.name} is unpaid")
        self.assertIn(first.email["Message-Id"], message["References"].split())
        self.assertNotEqual(first.email["Message-Id"], message["Message-Id"])
        html = message.get_body(("html",)).get_content()
        text = message.get_body(("plain",)).get_content()
        for content in (html, text):
            self.assertIn(link._get_url(), content)
            self.assertIn("120.00", content)
        self.assertEqual(self._get_links(), link)
        reminder = self._get_waiting()
        self.assertEqual((reminder.state, reminder.reason), ("sent", False))
        self.assertTrue(
            link.event_ids.filtered(
                lambda event: (
                    event.kind == "sent"
                    and event.delivery_id.message_id == message["Message-Id"]
                )
            )
        )

    def test_b11_reminder_can_be_declined_by_one_click(self):
        self._create_rule()
        with self.mailbox() as mailbox:
            self._send_invoice(mailbox)
            self._decide(DECIDED)
            self._send_at()
            [mail] = mailbox.messages
        url = f"{self._get_links()._get_url()}/reminders"
        self.assertEqual(mail.email["List-Unsubscribe"], f"<{url}>")
        self.assertEqual(
            mail.email["List-Unsubscribe-Post"], "List-Unsubscribe=One-Click"
        )
        self.assertIn(url, mail.email.get_body(("html",)).get_content())

    def test_b11_reminder_that_bounces_closes_the_link_and_is_the_last(self):
        self._create_rule()
        self._create_rule(days=7)
        domain = self.env["mail.alias.domain"].sudo().create({"name": "c.example"})
        self.company.sudo().alias_domain_id = domain
        with self.mailbox() as mailbox:
            self._send_invoice(mailbox)
            self._decide(DECIDED)
            self._send_at()
            [mail] = mailbox.messages
        address = "carla@customer.example"
        for is_gone, fields in [
            (False, "Action: delayed\nStatus: 4.4.1"),
            (False, "Action: failed\nStatus: 5.2.2"),
            (True, "Action: failed\nStatus: 5.1.1"),
        ]:
            report = make_report(
                (address, fields), message_id=mail.header("Message-Id").strip()
            ).replace("bounce@company.example", domain.bounce_email)
            self.env["mail.thread"].sudo().message_process("account.move", report)
            with self.subTest(fields=fields):
                reason = "bounced" if is_gone else False
                self.assertEqual(self._get_links().revocation_reason, reason)
        self.assertFalse(self._decide("2026-03-09 16:00:00"))

    def test_b11_reminder_is_noted_on_the_invoice_without_a_token(self):
        self._create_rule()
        with self.mailbox() as mailbox:
            self._send_invoice(mailbox)
            self._decide(DECIDED)
            self._send_at()
        [note] = self.invoice.message_ids.filtered(
            lambda message: "Reminder sent to" in (message.body or "")
        )
        self.assertIn("carla@customer.example", note.body)
        self.assertNotIn("/portal/invoice/", note.body)

    def test_b11_reminder_speaks_the_recipient_s_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        rule = self._create_rule()
        rule.update_field_translations("subject", {"fr_FR": "Facture impayée"})
        self.customer.lang = "fr_FR"
        with self.mailbox() as mailbox:
            self._send_invoice(mailbox)
            self._decide(DECIDED)
            self._send_at()
            [mail] = mailbox.messages
        self.assertEqual(mail.email["Subject"], "Facture impayée")

    def test_b11_what_could_not_leave_in_time_waits_for_the_next_hours(self):
        self._create_rule()
        with self.mailbox() as mailbox:
            self._send_invoice(mailbox)
            self._decide(DECIDED)
            self._send_at("2026-03-04 02:00:00")  # 21:00 there.
            self.assertFalse(mailbox.messages)
            self._send_at("2026-03-04 14:00:00")
            self.assertEqual(len(mailbox.messages), 1)

    # === DECIDED ON ONCE MORE === #

    def test_b11_what_happens_between_decision_and_sending_holds_it(self):
        def pay():
            self.env["account.payment.register"].with_context(
                active_model="account.move", active_ids=self.invoice.ids
            ).create({})._create_payments()

        def readdress():
            self.invoice.button_draft()
            self.invoice.partner_id = self.env["res.partner"].create({"name": "Other"})
            self.invoice.action_post()

        def change_total():
            self.invoice.button_draft()
            self.invoice.invoice_line_ids.price_unit = 500
            self.invoice.action_post()

        def match_possibly():
            self.env["account.bank.statement.line"].create(
                {
                    "journal_id": self.company_data["default_journal_bank"].id,
                    "date": "2026-03-03",
                    "payment_ref": self.invoice.name,
                    "amount": 1.0,
                }
            )

        def move_due_date():
            self.invoice.line_ids.filtered(
                lambda line: line.display_type == "payment_term"
            ).date_maturity = "2026-04-01"

        changes = {
            "paid": pay,
            "cancelled": lambda: (
                self.invoice.button_draft(),
                self.invoice.button_cancel(),
            ),
            "credited": lambda: self.invoice._reverse_moves(cancel=True),
            "credit note in draft": self.invoice._reverse_moves,
            "re-addressed": readdress,
            "another total": change_total,
            "possibly paid": match_possibly,
            "due later": move_due_date,
            "on hold": lambda: self.env["account.move.portal.hold"].create(
                {"move_id": self.invoice.id}
            ),
            "blocked": lambda: self.invoice.action_toggle_block_payment(),
            "new address": lambda: self.customer.write({"email": "new@a.example"}),
            "link closed": lambda: self._get_links()._revoke("staff"),
            "declined": lambda: self._get_links().sudo()._decline_reminders(),
            "switched off": lambda: self.rules.search([("is_on", "=", True)]).write(
                {"is_on": False}
            ),
        }
        with self.mailbox() as mailbox:
            self._create_rule()
            self._send_invoice(mailbox)
            self._decide(DECIDED)
            self._send_at("2026-03-03 02:00:00")  # Before its hours: nothing happens.
            for name, change in changes.items():
                with self.subTest(name), self.env.cr.savepoint() as savepoint:
                    with self._at("2026-03-03 16:10:00"):
                        change()
                    self._send_at()
                    delivery = self._get_delivery(self.invoice)
                    self.assertFalse(mailbox.messages)
                    self.assertEqual(delivery.state, "skipped")
                    self.assertTrue(delivery.answer)
                    self.assertEqual(delivery.reminder_id.state, "held")
                    savepoint.rollback()
                    self.env.invalidate_all()
            # And it does leave if nothing happens.
            self._send_at()
            self.assertEqual(len(mailbox.messages), 1)

    def test_b11_viewed_meanwhile_is_not_told_that_it_was_not(self):
        self._create_rule("not_viewed", 3)
        with self.mailbox() as mailbox:
            self._send_invoice(mailbox)
            self.assertTrue(self._decide("2026-02-05 16:00:00"))
            self._record_view(self._get_links())
            self._send_at("2026-02-05 16:10:00")
            self.assertFalse(mailbox.messages)
        self.assertEqual(self._get_delivery(self.invoice).state, "skipped")

    def test_b11_not_viewed_is_sent(self):
        self._create_rule("not_viewed", 3)
        with self.mailbox() as mailbox:
            self._send_invoice(mailbox)
            self._decide("2026-02-05 16:00:00")
            self._send_at("2026-02-05 16:10:00")
            self.assertEqual(len(mailbox.messages), 1)

    def test_b11_hold_at_the_last_moment_is_decided_on_again(self):
        rule = self._create_rule()
        with self.mailbox() as mailbox:
            self._send_invoice(mailbox)
            self._decide(DECIDED)
            hold = self.env["account.move.portal.hold"].create(
                {"move_id": self.invoice.id}
            )
            self._send_at()
            self.assertFalse(mailbox.messages)
            hold.action_release()
            self.assertEqual(
                self._decide("2026-03-04 16:00:00"), [(rule, self.invoice)]
            )
            self._send_at("2026-03-04 16:10:00")
            self.assertEqual(len(mailbox.messages), 1)

    # === WHAT COMES OF IT === #

    def test_b11_share_that_was_paid_within_48_hours(self):
        rule = self._create_rule()
        late = self._create_sent("2026-03-02", email="max@customer.example")
        soon = self._create_sent("2026-03-02", email="mia@customer.example")
        self._decide(DECIDED)
        self._get_waiting().write({"state": "sent", "sent_on": SENT})
        self.assertEqual((rule.sent_count, rule.paid_share), (2, 0))
        for invoice, moment in (
            (soon, "2026-03-05 16:00:00"),
            (late, "2026-03-05 17:00:00"),
        ):
            payments = (
                self.env["account.payment.register"]
                .with_context(active_model="account.move", active_ids=invoice.ids)
                .create({})
                ._create_payments()
            )
            self.env.flush_all()
            partials = payments.move_id.line_ids.matched_debit_ids
            self.env.cr.execute(
                "UPDATE account_partial_reconcile SET create_date = %s"
                " WHERE id = ANY(%s)",
                [moment, partials.ids],
            )
        rule.invalidate_recordset()
        self.assertEqual((rule.sent_count, rule.paid_share), (2, 0.5))

    # === HOLD AND RELEASE === #

    def test_b11_biller_holds_and_releases_from_invoice_customer_and_list(self):
        moves = self.invoice | self._create_sent("2026-03-02")
        for records in (self.invoice, moves, self.customer):
            with self.subTest(records=records):
                records = records.with_user(self.biller)
                action = records.action_portal_hold()
                window = self.env[action["res_model"]].browse(action["res_id"])
                window.with_user(self.biller).write({"note": "Later"})
                window.with_user(self.biller).action_hold()
                records.invalidate_recordset()
                self.assertTrue(all(records.mapped("is_portal_on_hold")))
                records.action_portal_release_hold()
                records.invalidate_recordset()
                self.assertFalse(any(records.mapped("is_portal_on_hold")))
        self.assertEqual(
            self.env["account.move.portal.hold"].search_count(
                [("move_id", "in", moves.ids), ("released_on", "=", False)]
            ),
            0,
        )
