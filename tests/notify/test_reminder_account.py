from ..reminder_common import PortalReminderCommon

DECIDED, SENT = "2026-03-03 16:00:00", "2026-03-03 16:20:00"


class TestReminderAccount(PortalReminderCommon):
    """One reminder for all, where there are many: it leads to the account."""

    has_document = True

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.invoice.button_draft()

    def _remind(self, rule, decided=DECIDED, sent=SENT):
        """Decide and send; return the emails, and their invoices."""
        found = self._decide(decided)
        with self.mailbox() as mailbox, self._at(sent):
            self._send_due()
        return mailbox.messages, found

    def test_b11_many_invoices_lead_to_one_reminder_of_all(self):
        rule = self._create_rule(group_from=3)
        moves = [self._create_sent("2026-03-02", price=price) for price in (10, 20, 30)]
        [mail], [(_rule, first)] = self._remind(rule)
        self.assertEqual(first, moves[0])
        for move in moves:
            self.assertIn(move.name, mail.text)
        self.assertIn("Please pay $ 60.00.", mail.text.replace("\xa0", " "))
        link = self.env["account.move.portal.link"].search(
            [("account_partner_id", "=", self.customer.id)]
        )
        self.assertIn(link._get_url(), mail.html)
        self.assertIn(link._get_url(), mail.text)
        own = moves[0].portal_link_ids.filtered("email")
        self.assertNotIn(f"{own._get_url()}\n", mail.text)
        self.assertIn(own._get_decline_url(), mail.html)

    def test_b11_nobody_is_reminded_again_of_what_the_one_was_for(self):
        rule = self._create_rule(group_from=2)
        moves = [self._create_sent("2026-03-02") for _each in range(3)]
        mails, _found = self._remind(rule)
        self.assertEqual(len(mails), 1)
        reminders = self._get_waiting()
        self.assertEqual(
            (set(reminders.move_id.ids), set(reminders.mapped("state"))),
            ({move.id for move in moves}, {"sent"}),
        )
        for day in range(4, 20):
            self.assertFalse(self._decide(f"2026-03-{day:02d} 16:00:00"))

    def test_b11_few_invoices_are_reminded_of_one_by_one(self):
        rule = self._create_rule(group_from=3)
        moves = [self._create_sent("2026-03-02") for _each in range(2)]
        [mail], _found = self._remind(rule)
        self.assertIn(moves[0].portal_link_ids.filtered("email")._get_url(), mail.html)
        self.assertNotIn("/portal/account/", mail.html)
        self.assertNotIn(moves[1].name, mail.text)

    def test_b11_what_is_held_or_not_due_is_not_among_them(self):
        rule = self._create_rule(group_from=2)
        due = [self._create_sent("2026-03-02") for _each in range(2)]
        held, later = self._create_sent("2026-03-02"), self._create_sent("2026-04-02")
        self.env["account.move.portal.hold"].create(
            {"move_id": held.id, "reason": "other"}
        )
        [mail], _found = self._remind(rule)
        for move, is_named in (
            (due[0], True),
            (due[1], True),
            (held, False),
            (later, False),
        ):
            self.assertEqual(move.name in mail.text, is_named, move.invoice_date_due)

    def test_b11_who_is_no_contact_of_the_customer_gets_no_account(self):
        rule = self._create_rule(group_from=2)
        moves = [
            self._create_sent("2026-03-02", email="lawyer@other.example")
            for _each in range(3)
        ]
        for move in moves:
            move.portal_link_ids.sudo().partner_id = False
        [mail], _found = self._remind(rule)
        self.assertEqual(mail.envelope_to, ["lawyer@other.example"])
        self.assertNotIn("/portal/account/", mail.html)
        self.assertNotIn(moves[1].name, mail.text)
