from lxml import html

from odoo import http
from odoo.fields import Command
from odoo.tests import Form, new_test_user, tagged
from odoo.tools import mute_logger

from ..common import BROWSER_HEADERS
from ..send_common import PortalSendCommon
from ..statement_common import StatementCommon


@tagged("post_install", "-at_install")
class TestAccountWaysIn(PortalSendCommon, StatementCommon):
    """How those who may see it get to an account, and nobody else."""

    # === From the page of one invoice === #

    def _create_own_link(self, **values):
        return self._create_link(self.invoice, **{"email_role": "to", **values})

    def _read_hint(self, link):
        response = self.url_open(link._get_path(), headers=BROWSER_HEADERS)
        self.assertEqual(response.status_code, 200)
        found = html.fromstring(response.content).xpath("//*[@id='account_hint']")
        return " ".join(found[0].text_content().split()) if found else ""

    def _go_on(self, link):
        """Return where the page's hint leads, whether or not it is shown."""
        response = self.url_open(
            link._get_path("account"), allow_redirects=False, method="POST"
        )
        self.assertEqual(response.status_code, 303)
        return response.headers["Location"]

    def test_b10_page_of_one_invoice_leads_its_recipient_to_all(self):
        self.company.portal_shows_account = True
        link = self._create_own_link()
        self.assertEqual(
            self._read_hint(link), "You have 2 more open invoices: see and pay all"
        )
        path = self._go_on(link)
        self.assertIn("/portal/account/", path)
        page = self.url_open(path)
        self.assertIn(self.overdue.name, page.text)
        self.assertNotIn(self.strangers.name, page.text)
        self.assertEqual(self._go_on(link), path, "the same again")

    @mute_logger("odoo.http")
    def test_b10_scanner_of_the_page_learns_no_way_to_the_account(self):
        self.company.portal_shows_account = True
        link = self._create_own_link()
        before = self._count_account_links()
        # It follows every link of the email and of the page, and sends no forms.
        page = html.fromstring(self.url_open(link._get_path()).content)
        paths = set(page.xpath("//a/@href")) | {link._get_path("account")}
        for path in paths:
            if path.startswith("/"):
                answer = self.url_open(path, headers={"User-Agent": "Scanner/1.0"})
                self.assertNotIn("/portal/account/", answer.url + answer.text)
        self.assertEqual(self._count_account_links(), before)

    def test_b10_each_recipient_has_one_link_to_the_account(self):
        self.company.portal_shows_account = True
        links = [self._create_own_link() for _email in range(2)]
        before = self._count_account_links()
        ways = {self._go_on(link) for link in [*links, *links]}
        self.assertEqual(len(ways), 1)
        self.assertEqual(self._count_account_links(), before + 1)

    def test_b10_page_of_one_invoice_leads_nobody_else_to_all(self):
        self.company.portal_shows_account = True
        closed = self._create_account_link(self.branch)
        closed.with_user(self.biller).action_revoke()
        before = self._count_account_links()
        for what, values in (
            ("printed", {"audience": "document", "email": False, "partner_id": False}),
            ("handed over", {"email_role": False}),
            ("internal", {"audience": "internal"}),
            ("unknown address", {"email": "boss@x.example", "partner_id": False}),
            ("another's address", {"email": "boss@x.example"}),
            (
                "stranger",
                {"email": "stranger@other.example", "partner_id": self.stranger.id},
            ),
            (
                "closed by staff",
                {"email": "branch@customer.example", "partner_id": self.branch.id},
            ),
        ):
            with self.subTest(what):
                link = self._create_own_link(**values)
                self.assertFalse(self._read_hint(link))
                self.assertTrue(self._go_on(link).endswith(link._get_path()))
        self.assertEqual(self._count_account_links(), before)

    def test_b10_way_to_the_account_is_the_companys_choice(self):
        self.assertFalse(self.company.portal_shows_account)
        link = self._create_own_link()
        self.assertFalse(self._read_hint(link))
        self.assertTrue(self._go_on(link).endswith(link._get_path()))

    def test_b10_nothing_is_said_where_nothing_else_is_open(self):
        self.company.portal_shows_account = True
        (self.overdue + self.childs).button_draft()
        self.assertFalse(self._read_hint(self._create_own_link()))

    def _count_account_links(self):
        return self.env["account.move.portal.link"].search_count(
            [("account_partner_id", "!=", False)]
        )

    # === From core's list of invoices === #

    def _create_portal_user(self, partner):
        return new_test_user(
            self.env,
            login=f"portal_{partner.id}",
            groups="base.group_portal",
            partner_id=partner.id,
            email=partner.email,
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )

    def test_b10_customer_who_is_signed_in_gets_to_the_account(self):
        user = self._create_portal_user(self.branch)
        self.authenticate(user.login, user.login)
        page = html.fromstring(self.url_open("/my/invoices").content)
        [form] = page.xpath("//form[.//button[contains(@class, '_my_account')]]")
        before = self._count_account_links()
        self.url_open(form.get("action"))
        self.assertEqual(self._count_account_links(), before, "browsers fetch ahead")
        response = self.url_open(form.get("action"), data=dict(form.fields))
        self.assertIn(self.overdue.name, response.text)
        link = self.env["account.move.portal.link"].search(
            [("partner_id", "=", self.branch.id)]
        )
        self.assertEqual(link.account_partner_id, self.customer)

    def test_b10_nobody_gets_to_anothers_account(self):
        other = self.env["res.partner"].create({"name": "N", "email": "n@n.example"})
        user = self._create_portal_user(other)
        before = self._count_account_links()
        self.authenticate(user.login, user.login)
        self.assertNotIn("o_portal_my_account", self.url_open("/my/invoices").text)
        for company_id in (self.company.id, 0, "abc", "9" * 50):
            with self.subTest(company_id):
                response = self.url_open(
                    f"/my/account/{company_id}",
                    data={"csrf_token": http.Request.csrf_token(self)},
                    allow_redirects=False,
                )
                self.assertTrue(response.headers["Location"].endswith("/my/invoices"))
        self.authenticate(None, None)
        response = self.url_open(f"/my/account/{self.company.id}")
        self.assertNotIn(self.overdue.name, response.text)
        self.assertEqual(self._count_account_links(), before)

    # === One email per customer, from many invoices === #

    def _start_per_customer(self, moves, **values):
        action = moves.with_user(self.biller).action_open_portal_mass_send()
        window = moves.with_user(self.biller).env[action["res_model"]]
        window = window.browse(action["res_id"])
        with Form(window) as form:
            form.is_per_customer = True
            for name, value in values.items():
                form[name] = value
        return window

    def test_b10_bulk_sends_one_email_per_customer(self):
        draft = self._create_portal_invoice(5.0, post=False)
        moves = self.overdue + self.childs + self.strangers + draft
        window = self._start_per_customer(moves)
        self.assertEqual((window.email_count, window.chosen_count), (2, 3))
        self.assertEqual(
            [(entry["reason"], entry["count"]) for entry in window.left_out],
            [("draft", 1)],
        )
        previews = [window.get_email_preview(index) for index in (0, 1)]
        [preview] = [
            each
            for each in previews
            if each["invoice_name"] == self.customer.display_name
        ]
        self.assertEqual({each["position"] for each in previews}, {1, 2})
        self.assertEqual({each["count"] for each in previews}, {2})
        text = html.fromstring(str(preview["html"])).text_content()
        self.assertIn("your 2 invoices", " ".join(text.split()))
        self.assertEqual(len(preview["attachments"]), 2)
        with self.mailbox() as mailbox:
            window.action_send()
            self._send_due()
        self.assertEqual(
            sorted(mail.envelope_to[0] for mail in mailbox.messages),
            ["carla@customer.example", "stranger@other.example"],
        )
        [mail] = [
            mail
            for mail in mailbox.messages
            if mail.envelope_to == ["carla@customer.example"]
        ]
        self.assertEqual(
            sorted(file.get_filename() for file in mail.email.iter_attachments()),
            sorted(
                move._get_portal_document_filename()
                for move in (self.overdue, self.childs)
            ),
        )
        self.assertTrue(all((self.overdue + self.childs).mapped("is_move_sent")))
        self.assertFalse(self.invoice.is_move_sent)
        self.assertNotIn(self.invoice.name, mail.text, "it was not chosen")

    def test_b10_bulk_per_customer_sends_nothing_twice(self):
        moves = self.overdue + self.childs
        with self.mailbox():
            self._start_per_customer(moves).action_send()
            self._send_due()
        window = self._start_per_customer(moves)
        self.assertEqual(window.email_count, 0)
        self.assertEqual([entry["reason"] for entry in window.left_out], ["sent"])

    def test_b10_bulk_per_customer_fills_in_placeholders(self):
        window = self._start_per_customer(
            self.overdue + self.childs,
            is_adjusting=True,
            subject="{{invoice_number}}",
            body="<p>Please pay {{balance_due}}.</p>",
        )
        with self.mailbox() as mailbox:
            window.action_send()
            self._send_due()
        [mail] = mailbox.messages
        self.assertEqual(mail.subject, f"{self.overdue.name}, {self.childs.name}")
        self.assertIn("Please pay $ 100.00.", mail.text.replace("\xa0", " "))

    # === A new link === #

    def test_b10_new_link_to_an_account_is_emailed_to_its_recipient(self):
        self.link.expires_on = "2020-01-01"
        page = self._get_page()
        self.assertIn("This link to your account at", " ".join(page.text.split()))
        self.assertNotIn(self.overdue.name, page.text)
        path = f"/portal/invoice/{self.link.sudo().token}/new-link"
        self.url_open(path, data={"asked": "1"})
        with self.mailbox() as mailbox:
            self._answer_requests()
            self._send_due()
        [mail] = mailbox.messages
        self.assertEqual(mail.envelope_to, ["bookkeeper@customer.example"])
        fresh = self.env["account.move.portal.link"].search(
            [
                ("account_partner_id", "=", self.customer.id),
                ("state", "=", "live"),
            ]
        )
        self.assertIn(fresh._get_url(), mail.text)
        self.assertIn(self.overdue.name, self._get_page(link=fresh).text)

    def _answer_requests(self):
        with self._no_commit():
            # In sudo mode as the scheduler.
            self.env["account.move.portal.link.request"].sudo()._run_due()

    def test_b10_new_link_to_an_account_goes_to_nobody_else(self):
        def revoke():
            self.link.with_user(self.biller).action_revoke()

        def leave():
            self.link.expires_on = "2020-01-01"
            self.bookkeeper.parent_id = self.stranger

        def lose_address():
            self.link.expires_on = "2020-01-01"
            self.bookkeeper.email = False

        path = f"/portal/invoice/{self.link.sudo().token}/new-link"
        for change in (revoke, leave, lose_address):
            with self.subTest(change.__name__), self.mailbox() as mailbox:
                savepoint = self.env.cr.savepoint()
                change()
                self.url_open(path, data={"asked": "1"})
                self._answer_requests()
                self._send_due()
                self.assertFalse(mailbox.messages)
                savepoint.close(rollback=True)
                self.env.invalidate_all()

    # === What is opened there === #

    def test_b10_invoice_opened_in_the_account_is_viewed(self):
        visit = self._record_visit(self.link)
        self._pass_time(5)
        self._record_view(self.link, visit)
        path = self.link._get_path(f"pdf/{self.childs.id}")
        query = visit._get_visit_query()
        for _each in range(2):
            self.url_open(f"{path}{query}", headers=BROWSER_HEADERS)
        self.env.invalidate_all()
        self.assertEqual(self.childs.portal_status, "viewed")
        self.assertEqual(self.childs.portal_viewed_by, "Bookkeeper")
        self.assertEqual(self.overdue.portal_status, "not_sent")
        events = self.env["account.move.portal.event"].search(
            [("move_id", "=", self.childs.id), ("kind", "=", "viewed")]
        )
        self.assertEqual(len(events), 1)
        self.assertEqual(self.link.view_count, 1)

    def test_b10_statement_is_printed_and_downloaded(self):
        for screen, disposition in (
            ("statement", "attachment"),
            ("statement/print", "inline"),
        ):
            with self.subTest(screen):
                response = self._get_page(screen)
                self.assertEqual(response.headers["Content-Type"], "application/pdf")
                self.assertTrue(
                    response.headers["Content-Disposition"].startswith(disposition)
                )
