from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import HttpCase, new_test_user
from odoo.tools import mute_logger

from ..send_common import MAIL_LOGGERS, PortalSendCommon


class TestAccountMoveSendPortalAccess(PortalSendCommon, HttpCase):
    """Whatever calls the windows' user makes: they show, and send, only what is theirs.

    The user is a biller of one company; the other company's invoice is nothing to them.
    """

    has_document = True

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        other = cls.setup_other_company(name="Other Company")["company"]
        cls.foreign = (
            cls.env["account.move"]
            .with_company(other)
            .create(
                {
                    "move_type": "out_invoice",
                    "partner_id": cls.customer.id,
                    "invoice_date": "2020-03-01",
                    "invoice_line_ids": [
                        Command.create({"name": "Secret", "price_unit": 7})
                    ],
                }
            )
        )
        cls.foreign.action_post()
        cls.foreign_link = cls._create_link(cls.foreign, email="evil@x.example")

    def _get_model(self, name):
        return self.env[name].with_user(self.biller)

    def _plant(self, window, link, email, **values):
        """Say that a link was tried for an address, as only the system can."""
        window_sudo = window.sudo()
        window_sudo.batch_id = window_sudo.batch_id.create(
            {"company_id": window.company_id.id}
        )
        window_sudo.batch_id.delivery_ids.create(
            {
                "batch_id": window_sudo.batch_id.id,
                "move_id": window.move_id.id,
                "email": email,
                "formatted": email,
                "link_id": link.id,
                "state": "uncertain",
                **values,
            }
        )

    def _hide_contacts(self, partners):
        """Have a rule of the house hide contacts from all but their salespeople."""
        self.env["ir.rule"].create(
            {
                "name": "Contacts of others are none of a biller's business",
                "model_id": self.env.ref("base.model_res_partner").id,
                "domain_force": [("id", "not in", partners.ids)],
            }
        )
        for partner in partners:
            self.assertFalse(partner.with_user(self.biller).has_access("read"))

    def _read_window(self, window):
        """Read all that a window shows, as the web client does."""
        self.env.flush_all()
        self.env.invalidate_all()
        shown = window._get_view()[0].xpath("//field/@name")
        fields = window.fields_get(attributes=())
        return window.web_read({name: {} for name in fields if name in shown})[0]

    # === THE EMAILS === #

    def test_s11_batch_is_hidden_from_the_windows_user(self):
        window = self._compose()
        with self.assertRaises(AccessError):
            window.write({"batch_id": 1})
        with self.assertRaises(AccessError):
            window.read(["batch_id"])
        with self.assertRaises(AccessError):
            self._get_model(window._name).create(
                {"move_id": self.invoice.id, "batch_id": 1}
            )

    def test_s11_emails_are_written_by_the_system_alone(self):
        with self.mailbox():
            self._send()
        deliveries = self._get_model("account.move.portal.delivery").search([])
        self.assertEqual(deliveries.state, "sent")
        for values in ({"state": "waiting"}, {"formatted": "evil@x.example"}):
            with self.assertRaises(AccessError):
                deliveries.write(values)
        with self.assertRaises(AccessError):
            deliveries.unlink()
        with self.assertRaises(AccessError):
            deliveries.create(
                {"move_id": self.invoice.id, "email": "a@x.example", "formatted": "a"}
            )

    def test_s11_emails_are_shown_to_who_may_read_the_invoice(self):
        with self.mailbox():
            self._send(email_bcc="boss@company.example")
        model = self._get_model("account.move.portal.delivery")
        deliveries = model.search([("move_id", "=", self.invoice.id)])
        self.assertEqual(
            set(deliveries.mapped("email")),
            {"carla@customer.example", "boss@company.example"},
        )
        foreign = (
            self.env["account.move.portal.delivery"]
            .sudo()
            .create(
                {
                    "move_id": self.foreign.id,
                    "email": "carla@customer.example",
                    "formatted": "carla@customer.example",
                }
            )
        )
        self.assertNotIn(foreign.id, model.search([]).ids)
        with self.assertRaises(AccessError):
            model.browse(foreign.id).read(["formatted"])
        # A rule of the house on invoices is one on their emails.
        self.env["ir.rule"].create(
            {
                "name": "Not this one",
                "model_id": self.env.ref("account.model_account_move").id,
                "domain_force": [("id", "!=", self.invoice.id)],
            }
        )
        self.assertFalse(model.search([("move_id", "=", self.invoice.id)]))
        with self.assertRaises(AccessError):
            deliveries.read(["formatted"])
        for action in ("action_repeat", "action_cancel"):
            with self.assertRaises(AccessError):
                getattr(deliveries, action)()

    def test_s11_email_of_an_invoice_is_cancelled_by_who_may_edit_it(self):
        delivery = (
            self.env["account.move.portal.delivery"]
            .sudo()
            .create(
                {
                    "move_id": self.invoice.id,
                    "email": "carla@customer.example",
                    "formatted": "carla@customer.example",
                    "is_queued": True,
                }
            )
        )
        reader = new_test_user(
            self.env,
            login="portal_reader",
            groups="base.group_user,account.group_account_readonly",
            company_id=self.company.id,
        )
        delivery = delivery.sudo(False)
        self.assertTrue(delivery.with_user(reader).has_access("read"))
        with self.assertRaises(AccessError):
            delivery.with_user(reader).action_cancel()
        delivery.with_user(self.biller).action_cancel()
        self.assertEqual(delivery.state, "cancelled")
        with self.mailbox() as mailbox:
            self._send_due()
        self.assertFalse(mailbox.messages)

    def test_s11_link_of_another_invoice_is_neither_sent_nor_removed(self):
        window = self._compose(email_to="evil@x.example")
        self._plant(window, self.foreign_link, "evil@x.example", is_new_link=True)
        refusal = {"evil@x.example": (550, "No")}
        with self.mailbox(refuse_recipients=refusal), mute_logger(*MAIL_LOGGERS):
            window.action_send()
        self.assertTrue(self.foreign_link.exists())
        window = self._compose(email_to="evil@x.example")
        self._plant(window, self.foreign_link, "evil@x.example")
        with self.mailbox() as mailbox:
            window.action_send()
        [mail] = mailbox.messages
        self.assertNotIn(self.foreign_link.sudo().token, mail.raw.decode())
        self.assertIn(self._get_links()._get_url(), mail.html)

    def test_s11_link_of_another_recipient_is_neither_sent_nor_removed(self):
        link = self._create_link()
        window = self._compose(email_to="evil@x.example")
        self._plant(window, link, "evil@x.example", is_new_link=True)
        with self.mailbox() as mailbox:
            window.action_send()
        [mail] = mailbox.messages
        self.assertNotIn(link.sudo().token, mail.raw.decode())
        self.assertTrue(link.exists())

    # === THE INVOICE === #

    def test_s3_window_is_opened_on_readable_invoices_only(self):
        for name in ("account.move.send.portal", "account.move.portal.link.share"):
            model = self._get_model(name)
            with self.subTest(name):
                with self.assertRaises(AccessError):
                    model.create({"move_id": self.foreign.id})
                with self.assertRaises(AccessError):
                    model.with_context(default_move_id=self.foreign.id).create({})

    def test_s3_nothing_of_another_companys_invoice_is_computed(self):
        window = self._compose()
        spec = {"move_id": {}, "subject": {}, "email_to": {}}
        values = {"move_id": self.foreign.id}
        with self.assertRaises(AccessError):
            window.onchange(values, ["move_id"], spec)
        model = window.browse()
        with self.assertRaises(AccessError):
            model.onchange(values, ["move_id"], spec)
        with self.assertRaises(AccessError):
            model.onchange({"move_id": {"id": self.foreign.id}}, ["move_id"], spec)
        with self.assertRaises(AccessError):
            model.with_context(default_move_id=self.foreign.id).onchange({}, [], spec)
        window.onchange({"move_id": self.invoice.id}, ["move_id"], spec)

    @mute_logger(*MAIL_LOGGERS)
    def test_s11_customer_and_salesperson_need_not_be_the_users_to_read(self):
        """Who may read the invoice may send it, and try again when it is refused."""
        invoice = self._create_portal_invoice()
        invoice.invoice_user_id = self.salesperson
        self._hide_contacts(self.customer | self.salesperson.partner_id)
        window = self._open_window(invoice)

        def show():
            shown = self._read_window(window)
            window.get_email_preview()
            self.assertTrue(window._get_preview_pdf().startswith(b"%PDF-"))
            return shown

        show()
        with self.mailbox(refuse_recipients={"*": (550, "No such user")}):
            window.action_send()
        self.assertIn("there is no such mailbox", show()["failure"])
        self.assertFalse(invoice.is_move_sent)
        with self.mailbox() as mailbox:
            window.action_send()
        self.assertEqual(show()["step"], "sent")
        [mail] = mailbox.messages
        self.assertEqual(mail.envelope_to, ["carla@customer.example"])

    def test_s4_window_opens_on_a_hidden_customer_without_an_address(self):
        self.customer.email = False
        self._hide_contacts(self.customer)
        invoice = self._create_portal_invoice()
        shown = self._read_window(self._open_window(invoice))
        self.assertFalse(shown["email_to"])
        self.assertEqual(
            shown["missing_email_hint"],
            f"{self.customer.display_name} has no email address. Enter one below.",
        )
        shared = self._get_model("account.move.portal.link.share").create(
            {"move_id": invoice.id}
        )
        self.assertFalse(self._read_window(shared)["email"])

    @mute_logger(*MAIL_LOGGERS)
    def test_b6_customers_need_not_be_the_users_to_read(self):
        """What goes for the window on one invoice goes for the one on many."""
        company = self.env["res.partner"].create(
            {"name": "Hidden Inc", "is_company": True, "email": "ap@hidden.example"}
        )
        partners = self.env["res.partner"].create(
            [
                {"name": "Seen", "email": "seen@customer.example"},
                {"name": "Hidden", "email": "hidden@customer.example"},
                {"name": False, "parent_id": company.id, "type": "invoice"},
                {"name": "Hidden, without an address"},
                {"name": "Hidden, with a typo", "email": "typo@@customer.example"},
            ]
        )
        invoices = self.env["account.move"].concat(
            *(self._create_portal_invoice(partner_id=each.id) for each in partners)
        )
        self._hide_contacts(partners[1:] | company)
        action = invoices.with_user(self.biller).action_open_portal_mass_send()
        window = self._get_model(action["res_model"]).browse(action["res_id"])
        shown = self._read_window(window)
        self.assertEqual(shown["chosen_count"], 3)
        self.assertEqual(
            {each["reason"]: each["count"] for each in shown["left_out"]},
            {"no_email": 1, "bad_email": 1},
        )
        previewed = set()
        for index in range(shown["chosen_count"]):
            self.env.invalidate_all()
            previewed.update(window.get_email_preview(index)["to"])
        self.assertEqual(
            previewed,
            {
                '"Seen" <seen@customer.example>',
                '"Hidden" <hidden@customer.example>',
                '"Hidden Inc" <ap@hidden.example>',
            },
        )
        # The same where each customer gets one email.
        window.is_per_customer = True
        self.assertEqual(self._read_window(window)["chosen_count"], 3)
        self.env.invalidate_all()
        self.assertEqual(
            {window.get_email_preview(index)["invoice_name"] for index in range(3)},
            {"Seen", "Hidden", "Hidden Inc"},
        )
        self.env.invalidate_all()
        window.action_send()  # Queued, and given up for the other way.
        self.env["account.move.portal.delivery"].sudo().search([]).action_cancel()
        window.is_per_customer = False
        self.env.invalidate_all()
        action = window.action_send()
        batch = self._get_model(action["res_model"]).browse(action["res_id"])
        self.env.flush_all()
        self.env.invalidate_all()
        with self.mailbox() as mailbox:
            self._send_due()
        self._read_window(batch)
        self.assertEqual(
            {mail.envelope_to[0] for mail in mailbox.messages},
            {
                "seen@customer.example",
                "hidden@customer.example",
                "ap@hidden.example",
            },
            batch.delivery_ids.mapped("answer"),
        )
        self.assertEqual(
            sorted(
                each["formatted"]
                for each in batch.delivery_ids.web_read({"formatted": {}, "state": {}})
                if each["state"] == "skipped"
            ),
            ["Hidden, with a typo", "Hidden, without an address"],
        )

    def test_s3_window_stays_on_its_invoice(self):
        own = self._create_portal_invoice()
        for window in (
            self._compose(),
            self._get_model("account.move.portal.link.share").create(
                {"move_id": self.invoice.id}
            ),
        ):
            for move in (self.foreign, own):
                with self.subTest(window), self.assertRaises(AccessError):
                    window.write({"move_id": move.id})
            window.write({"move_id": self.invoice.id})  # As forms may do.

    def test_s3_line_of_a_file_tells_nothing_that_its_user_may_not_read(self):
        secret = self.env["ir.attachment"].create(
            {
                "name": "secret.txt",
                "raw": b"x",
                "res_model": "account.move",
                "res_id": self.foreign.id,
            }
        )
        window = self._compose()
        line = self._get_model("account.move.send.portal.document").create(
            {"wizard_id": window.id, "attachment_id": secret.id}
        )
        for name in ("name", "size"):
            with self.subTest(name), self.assertRaises(AccessError):
                line.read([name])

    def test_s9_preview_ends_with_the_right_to_read_the_invoice(self):
        window = self._compose()
        path = window._get_preview_link()._get_path()
        self.biller.password = self.biller.login
        self.authenticate(self.biller.login, self.biller.login)
        self.env.flush_all()
        self.assertIn(self.invoice.name, self.url_open(path).text)
        window.sudo().move_id = self.foreign
        self.env.flush_all()
        for screen in ("", "/document", "/pdf", "/pay"):
            self.assertEqual(self.url_open(path + screen).status_code, 404)

    # === THE LINK THAT IS COPIED === #

    def test_b2_every_link_that_is_shown_to_be_copied_is_noted(self):
        first = self._create_link()
        second = self._create_link(email="books@tax.example", partner_id=False)
        window = self._get_model("account.move.portal.link.share").create(
            {"move_id": self.invoice.id, "link_id": first.id}
        )
        window.write({"link_id": second.id})
        self.assertEqual(window.url, second._get_url())
        notes = self.invoice.message_ids.filtered(
            lambda message: "shown for copying" in message.body
        )
        self.assertEqual(len(notes), 2)
        self.assertIn("books@tax.example", notes[0].body)

    def test_b2_link_of_another_invoice_is_not_shown_to_be_copied(self):
        other = self._create_link(self._create_portal_invoice())
        model = self._get_model("account.move.portal.link.share")
        window = model.create({"move_id": self.invoice.id})
        for link in (self.foreign_link, other):
            with self.subTest(link), self.assertRaises(AccessError):
                window.write({"link_id": link.id})
            with self.subTest(link), self.assertRaises(AccessError):
                model.create({"move_id": self.invoice.id, "link_id": link.id})
        with self.assertRaises(AccessError):
            window.onchange(
                {"link_id": self.foreign_link.id}, ["link_id"], {"email": {}}
            )
