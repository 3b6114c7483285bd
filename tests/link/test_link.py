import logging
import sys
from datetime import datetime, timedelta
from unittest.mock import patch

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.sql_db import Cursor
from odoo.tests import new_test_user
from odoo.tools import consteq

from ...models.link.account_move_portal_link import (
    SELECTOR_LENGTH,
    TOKEN_ALPHABET,
)
from ...tools.log_filter import hide_tokens
from ..common import PortalCommon

LINK_MODULE = "odoo.addons.account_payment_portal.models.link.account_move_portal_link"


class _Uncomparable:
    """A secret that only a comparison in constant time can be done with.

    Whatever looks at one character after the other, or at a hash, is an error. Such a
    function reads the memory and calls none of these.
    """

    def _refuse(self, *_args):
        raise AssertionError("A secret is not compared in constant time.")

    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _refuse
    __hash__ = __contains__ = startswith = endswith = find = index = _refuse


class _SecretBytes(_Uncomparable, bytes):
    pass


class _Secret(_Uncomparable, str):
    """A secret as found in a URL. Its first part may be known to everybody.

    :param str text: The secret.
    :param int known: Length of the first part.
    """

    def __new__(cls, text, known=0):
        secret = super().__new__(cls, text)
        secret.known = known
        return secret

    def encode(self, *args, **kwargs):
        return _SecretBytes(super().encode(*args, **kwargs))

    def __getitem__(self, key):
        text = super().__getitem__(key)
        return text if key == slice(self.known) else _Secret(text)

    def __iter__(self):
        return self._refuse()


class TestAccountMovePortalLink(PortalCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env = cls.env(su=True)  # To read tokens, which are hidden from everyone.

    def test_b2_token_is_long_random_and_nobody_chooses_it(self):
        tokens = {self._create_link().token for _each in range(100)}
        self.assertEqual(len(tokens), 100)
        for token in tokens:
            self.assertGreaterEqual(len(token) * 5, 128, "bits")
            self.assertLessEqual(set(token), set(TOKEN_ALPHABET))
            self.assertTrue(token.isascii() and token.isalnum(), "nothing to lose")
        with self.assertRaises(AccessError):
            self.env["account.move.portal.link"].with_user(self.biller).create(
                {"move_id": self.invoice.id, "email": "x@y.example", "token": "mine"}
            )

    def test_b2_token_survives_what_happens_to_the_edges_of_an_address(self):
        new = self._create_link()
        old = self._create_link(token="-Zy_" + "aB3-x_" * 6 + "K_-_")
        find_live = self.env["account.move.portal.link"]._find_live
        for link in new + old:
            token = link.token
            for text in (
                *(token, token + ".", f"<{token}>", f'"{token}"', f"({token}),"),
                *(f" {token}\n", f"{token}\u200b", f"\u201c{token}\u201d", f"{token}="),
                *(
                    f"{token}&gt;",
                    f"{token}%3E",
                    f"*{token}*",
                    f"_{token}_",
                    token + "…",
                ),
                *(token[:20] + "\r\n" + token[20:], token.rstrip("-_"), f"`{token}`!"),
            ):
                with self.subTest(text=text):
                    self.assertEqual(find_live(text), link)
        for text in (old.token[:-5], old.token[5:], "-_-", "_" * 44, "\ud800", "é-_"):
            with self.subTest(text=text):
                self.assertFalse(find_live(text))

    def test_b2_token_opens_its_invoice_only(self):
        other = self._create_portal_invoice()
        link, other_link = self._create_link(), self._create_link(other)
        find_live = self.env["account.move.portal.link"]._find_live
        self.assertEqual(find_live(link.token).move_id, self.invoice)
        self.assertEqual(find_live(other_link.token).move_id, other)

    def test_b2_wrong_tokens_open_nothing(self):
        token = self._create_link().token
        find_live = self.env["account.move.portal.link"]._find_live
        near = [token[:-1], token[:12], token + "x", token.upper()]
        for wrong in ["", "x", "é", "\0", *near]:
            with self.subTest(token=wrong):
                self.assertFalse(find_live(wrong))

    def test_b2_secret_part_of_a_token_is_compared_in_constant_time(self):
        link = self._create_link()
        links, token = self.env["account.move.portal.link"], link.token
        for place in (SELECTOR_LENGTH, len(token) - 1):
            wrong = token[:place] + ("a" if token[place] == "b" else "b")
            wrong += token[place + 1 :]
            self.assertFalse(links._find(_Secret(wrong, SELECTOR_LENGTH)))
        compared = []

        def compare(known, given):
            compared.append((known, given))
            return consteq(known, given)

        with patch(f"{LINK_MODULE}.consteq", compare):
            self.assertEqual(links._find_live(_Secret(token, SELECTOR_LENGTH)), link)
        self.assertEqual(compared, [(token, token)], "all of it, and nothing else")

    def test_b2_secret_part_of_a_token_is_not_looked_up_in_the_database(self):
        """An index tells by its time how much of what is looked up is right."""
        link = self._create_link()
        token, statements = link.token, []
        self.env.invalidate_all()
        execute = Cursor.execute

        def listen(cursor, *args, **kwargs):
            result = execute(cursor, *args, **kwargs)
            statements.append(cursor._obj.query.decode())
            return result

        with patch.object(Cursor, "execute", listen):
            self.assertEqual(link._find_live(token), link)
        self.assertTrue(any(token[:SELECTOR_LENGTH] in each for each in statements))
        for statement in statements:
            self.assertNotIn(token[: SELECTOR_LENGTH + 1], statement)
            self.assertNotIn(token[SELECTOR_LENGTH:], statement)
        self.assertGreaterEqual((len(token) - SELECTOR_LENGTH) * 6, 128, "bits")

    def test_b1_proof_of_a_visit_is_compared_in_constant_time(self):
        visit = self._record_visit(self._create_link())
        proof = visit._get_visit_proof()
        for secret, outcome in [(proof[:-1] + "?", visit.browse()), (proof, visit)]:
            found = visit._find_visit(visit.link_id, visit.id, _Secret(secret))
            self.assertEqual(found, outcome)

    def test_b2_expired_link_opens_nothing(self):
        link = self._create_link(expires_on=fields.Datetime.now() + timedelta(days=1))
        self.assertEqual(link._find_live(link.token), link)
        with freeze_time(link.expires_on + timedelta(seconds=1)):
            self.assertFalse(link._find_live(link.token))

    def test_b2_revoked_link_opens_nothing(self):
        link = self._create_link()
        link.with_user(self.biller).action_revoke()
        self.assertFalse(link._find_live(link.token))

    def test_b2_token_is_hidden_from_staff(self):
        link = self._create_link().with_user(self.biller)
        self.assertEqual(link.email, "carla@customer.example")
        with self.assertRaises(AccessError):
            link.read(["token"])

    def test_b2_links_of_other_companies_are_hidden(self):
        link = self._create_link()
        other_company = self.setup_other_company()["company"]
        self.biller.write(
            {"company_ids": other_company.ids, "company_id": other_company.id}
        )
        with self.assertRaises(AccessError):
            link.with_user(self.biller).read(["email"])

    def test_b1_events_are_only_inserted_whoever_one_is(self):
        event = self._record_visit(self._create_link())
        with self.assertRaises(UserError):
            event.visitor = "person"
        chief = self._create_user("chief", "account.group_account_manager")
        for user in self.biller | chief | self.env.ref("base.user_admin"):
            own = event.with_user(user).sudo(False)
            for change in [
                lambda own=own: own.write({"visitor": "person"}),
                lambda own=own: own.unlink(),
                lambda own=own: own.copy(),
            ]:
                # Which the lack of a right is as well.
                with self.subTest(user=user.name), self.assertRaises(UserError):
                    change()

    def test_b2_token_is_hidden_from_administrators_and_exports(self):
        link = self._create_link()
        admin = link.with_user(self.env.ref("base.user_admin"))
        for field in ["token", "token_selector"]:
            with self.assertRaises(AccessError):
                admin.read([field])
            with self.assertRaises(AccessError):
                admin.export_data([field])
            self.assertNotIn(field, admin.fields_get())

    def test_b2_link_expires_as_the_company_says(self):
        self.assertEqual(
            self._create_link().expires_on, datetime(2099, 9, 28), "180 days, and a day"
        )
        self.company.portal_link_expiry_days = 10
        self.assertEqual(self._create_link().expires_on, datetime(2099, 4, 11))
        self.company.portal_link_expiry = "never"
        self.assertFalse(self._create_link().expires_on)

    def test_b2_link_of_an_overdue_invoice_is_not_born_expired(self):
        overdue = self._create_portal_invoice(invoice_date_due="2020-04-01")
        self.assertEqual(self._create_link(overdue).state, "live")

    def test_b2_expiry_can_be_changed_and_is_noted(self):
        link = self._create_link().with_user(self.biller)
        link.expires_on = "2098-01-01 12:00:00"
        self.assertIn("valid until", self._get_last_note())
        link.expires_on = False
        self.assertIn("no longer expires", self._get_last_note())

    def test_b2_users_can_neither_reopen_nor_move_a_link(self):
        link = self._create_link()
        link.action_revoke()
        for values in [
            {"revoked_on": False},
            {"email": "mallory@evil.example"},
            {"move_id": self._create_portal_invoice().id},
        ]:
            with self.subTest(values=values), self.assertRaises(AccessError):
                link.with_user(self.biller).write(values)

    def test_b2_one_or_all_links_are_revoked_and_noted_without_the_token(self):
        first, second, third = (
            self._create_link(email=f"{name}@customer.example") for name in "abc"
        )
        first.with_user(self.biller).action_revoke()
        self.assertEqual(
            (first.state, first.revocation_reason, first.revoked_by_id),
            ("revoked", "staff", self.biller),
        )
        self.assertEqual((second + third).mapped("state"), ["live", "live"])
        self.invoice.with_user(self.biller).action_revoke_portal_links()
        self.assertEqual((second + third).mapped("state"), ["revoked", "revoked"])
        notes = " ".join(self.invoice.message_ids.mapped("body"))
        for link in first + second + third:
            self.assertIn(link.email, notes)
            self.assertNotIn(link.token, notes)

    def test_b2_read_only_staff_see_links_and_change_nothing(self):
        auditor = self._create_user("auditor", "account.group_account_readonly")
        link = self._create_link().with_user(auditor)
        self.assertEqual(link.state, "live")
        with self.assertRaises(AccessError):
            link.action_revoke()
        with self.assertRaises(AccessError):
            link.expires_on = False
        with self.assertRaises(AccessError):
            link.action_copy()

    def test_b2_customers_and_other_employees_see_nothing_of_the_portal(self):
        self._create_link()
        for group in ["base.group_portal", "base.group_user"]:
            user = self._create_user(group, group)
            for name in ["link", "event", "report", "link.request", "notification"]:
                model = self.env[f"account.move.portal.{name}"].with_user(user)
                with self.subTest(group=group, model=name):
                    with self.assertRaises(AccessError):
                        model.sudo(False).search([])

    def test_b2_cancelled_invoice_closes_its_links(self):
        link = self._create_link()
        self.invoice.button_draft()
        self.assertEqual(link.state, "live")
        self.invoice.button_cancel()
        self.assertEqual((link.state, link.revocation_reason), ("revoked", "cancelled"))
        self.assertFalse(link._find_live(link.token))

    def test_b2_deleted_invoice_closes_its_links(self):
        draft = self._create_portal_invoice(post=False)
        link = self._create_link(draft)
        token = link.token
        draft.unlink()
        self.assertFalse(link.exists())
        self.assertFalse(link._find_live(token))

    def test_b2_changed_address_closes_the_link(self):
        link = self._create_link()
        self.customer.email = '"Carla" <Carla@Customer.example>, other@customer.example'
        self.assertEqual(link.state, "live", "the same address, written otherwise")
        editor = self._create_user(
            "editor", "base.group_user,base.group_partner_manager"
        )
        self.customer.with_user(editor).email = "carla@elsewhere.example"
        self.assertEqual(link.revocation_reason, "email_changed")
        self.assertFalse(link._find_live(link.token))

    def test_b2_merged_contacts_keep_their_links(self):
        double = self.env["res.partner"].create(
            {"name": "Carla C.", "email": "carla@old.example", "lang": "en_US"}
        )
        invoice = self._create_portal_invoice(partner_id=double.id)
        link = self._create_link(
            invoice, email="carla@old.example", partner_id=double.id
        )
        kept = self._create_link()
        self.env["base.partner.merge.automatic.wizard"].create({})._merge(
            (double | self.customer).ids, self.customer
        )
        self.env.invalidate_all()
        self.assertFalse(double.exists())
        self.assertEqual((invoice.partner_id, link.partner_id), (self.customer,) * 2)
        self.assertEqual((link.state, kept.state), ("live", "live"))
        self.customer.email = "carla@elsewhere.example"
        self.assertEqual((link.state, kept.state), ("live", "revoked"), "its address")

    def test_b2_invoice_that_changes_hands_closes_its_links(self):
        people = self.env["res.partner"].create(
            [
                {
                    "name": "Ann",
                    "parent_id": self.customer.id,
                    "email": "ann@c.example",
                },
                {"name": "Bo Second", "email": "bo@second.example"},
            ]
        )
        links = self._create_link() | self._create_link(
            email=False, audience="document"
        )
        editor = self.invoice.with_user(self.biller)
        editor.button_draft()
        editor.partner_id = people[0]
        self.assertEqual(set(links.mapped("state")), {"live"}, "the same customer's")
        editor.partner_id = people[1]
        editor.action_post()
        self.assertEqual(
            links.mapped("revocation_reason"), ["customer_changed", "customer_changed"]
        )
        for link in links:
            self.assertFalse(link._find_live(link.token))
        notes = " ".join(self.invoice.message_ids.mapped("body"))
        self.assertIn("Invoice given to another customer", notes)

    def test_b2_draft_that_gets_its_first_customer_keeps_its_links(self):
        draft = self._create_portal_invoice(post=False, partner_id=False)
        link = self._create_link(draft, partner_id=False)
        draft.partner_id = self.customer
        self.assertEqual(link.state, "live")

    def test_b2_users_forge_nothing_of_a_new_link(self):
        links = self.env["account.move.portal.link"].with_user(self.biller).sudo(False)
        stranger = self.env["res.partner"].create(
            {"name": "Stranger", "email": "stranger@else.example"}
        )
        bill = self.env["account.move"].create({"move_type": "in_invoice"})
        good = {"move_id": self.invoice.id, "email": "carla@customer.example"}
        for name, value in [
            *(("past_view_count", 3), ("past_first_viewed_on", "2020-01-01")),
            *(("sent_on", "2020-01-01"), ("sent_by_id", self.salesperson.id)),
            *(("past_download_count", 1), ("revoked_on", "2020-01-01")),
            *(("audience", "document"), ("partner_id", stranger.id), ("email", "x")),
            *(("move_id", bill.id), ("create_uid", 1), ("document_ids", [(5,)])),
            *(("event_ids", [(0, 0, {"kind": "viewed"})]), ("token_selector", "x")),
        ]:
            with self.subTest(name), self.assertRaises(AccessError):
                links.create({**good, name: value})
        forger = links.with_context(
            default_past_view_count=7,
            default_sent_on="2020-01-01",
            default_token="mine",
            default_audience="document",
        )
        link = forger.create({**good, "partner_id": self.customer.id})
        self.assertEqual(
            (link.view_count, link.sent_on, link.audience), (0, False, "customer")
        )
        self.assertNotEqual(link.sudo().token, "mine")
        with self.assertRaises(AccessError):
            link.copy({"past_view_count": 3})
        with self.assertRaises(AccessError):
            self.invoice.with_user(self.biller).sudo(False).write(
                {"portal_link_ids": [(0, 0, {**good, "past_view_count": 3})]}
            )

    def test_b2_link_is_not_made_for_an_invoice_that_one_may_not_edit(self):
        reader = self._create_user("reader", "account.group_account_invoice")
        self.env["ir.rule"].create(
            {
                "name": "Others' invoices are read only",
                "model_id": self.env["ir.model"]._get_id("account.move"),
                "domain_force": f"[('create_uid', '=', {reader.id})]",
                "perm_read": False,
            }
        )
        with self.assertRaises(AccessError):
            self.env["account.move.portal.link"].with_user(reader).create(
                {"move_id": self.invoice.id, "email": "carla@customer.example"}
            )

    def test_b2_way_back_from_a_payment_tells_no_token_to_staff(self):
        link = self._create_link()
        tx = self.env["payment.transaction"].create(
            {
                "provider_id": self.provider.id,
                "payment_method_id": self.env.ref("payment.payment_method_card").id,
                "reference": "WAY-BACK",
                "amount": 100.0,
                "currency_id": self.invoice.currency_id.id,
                "partner_id": self.customer.id,
                "landing_route": link._get_path("result"),
            }
        )
        for login, groups in [
            ("payments", "account.group_account_manager,base.group_system"),
            ("bills", "account.group_account_invoice"),
        ]:
            own = tx.with_user(self._create_user(login, groups)).sudo(False)
            for read in (
                lambda own=own: own.read(["landing_route"]),
                lambda own=own: own.export_data(["landing_route"]),
                lambda own=own: own.search([("landing_route", "ilike", "portal")]),
            ):
                # The lack of the right to export is one as well.
                with self.subTest(login), self.assertRaises(UserError):
                    read()
            self.assertNotIn("landing_route", own.fields_get())

    def test_b2_link_is_shown_to_be_copied_and_this_is_noted(self):
        link = self._create_link()
        action = link.with_user(self.biller).action_copy()
        window = self._open_share(action)
        self.assertEqual(window.url, link._get_url())
        self.assertIn("shown for copying", self._get_last_note())
        self.assertNotIn(link.token, self._get_last_note())
        link.action_revoke()
        with self.assertRaises(UserError):
            link.with_user(self.biller).action_copy()

    def test_b2_link_is_made_for_somebody_who_gets_no_mail(self):
        window = self._open_share(
            self.invoice.with_user(self.biller).action_share_portal_link()
        )
        self.assertEqual(window.email, self.customer.email)
        window.email = "no-address"
        with self.assertRaises(UserError):
            window.action_create_link()
        window.email = "Bookkeeper <books@tax.example>"
        action = window.action_create_link()
        link = self.invoice.portal_link_ids
        self.assertEqual((link.email, link.state), ("books@tax.example", "live"))
        self.assertFalse(link.sent_on)
        self.assertEqual(self._open_share(action).url, link._get_url())
        window.action_create_link()
        self.assertEqual(self.invoice.portal_link_ids, link, "one per recipient")

    def _open_share(self, action):
        model = (
            self.env[action["res_model"]]
            .with_user(self.biller)
            .with_context(**action["context"])
        )
        return (
            model.browse(action["res_id"]) if "res_id" in action else model.create({})
        )

    def test_b2_address_is_not_shown_in_a_window_that_is_not_noted(self):
        link = self._create_link()
        made_up = (
            self.env["account.move.portal.link.share"]
            .with_user(self.biller)
            .new({"move_id": self.invoice.id, "link_id": link.id})
        )
        self.assertFalse(made_up.url)

    def test_b2_send_again_is_for_the_same_recipient(self):
        link = self._create_link(email="books@tax.example", partner_id=False)
        action = link.with_user(self.biller).action_send_again()
        window = self.env[action["res_model"]].browse(action["res_id"])
        self.assertEqual(window.with_user(self.biller).email_to, "books@tax.example")

    def test_b2_who_can_open_the_invoice_now_is_one_search(self):
        live, expired, revoked = (
            self._create_link(email=f"{name}@customer.example") for name in "abc"
        )
        expired.expires_on = "2020-01-01 00:00:00"
        revoked.action_revoke()
        for state, links in [
            (["live"], live),
            (["expired"], expired),
            (["revoked"], revoked),
            (["expired", "revoked"], expired + revoked),
        ]:
            self.assertEqual(
                self.invoice.portal_link_ids.search(
                    [("move_id", "=", self.invoice.id), ("state", "in", state)]
                ),
                links.sorted("id", reverse=True),
            )
        self.assertEqual(self.invoice.portal_live_link_count, 1)

    def test_b2_tokens_are_absent_from_logs(self):
        token = self._create_link().token
        hexed = "".join(f"%{ord(character):02x}" for character in token)
        for text in [
            *(f"GET /portal/invoice/{token}/pdf HTTP/1.1", f"x/PORTAL/invoice/{token}"),
            *(f"/portal%2Finvoice%2f{token}", f"/portal%252Finvoice%252F{token}"),
            *(f"//portal//invoice///{token}", f"/portal/./invoice/../invoice/{token}"),
            *(f"/%70ortal/%49nvoice/{hexed}/pay", f"/portal/invoice/%20{token}."),
            *(
                rf'{{"url": "\/portal\/invoice\/{token}"}}',
                f"/portal/invoice/{token[:-1]}",
            ),
            f"redirect=%2Fportal%2Finvoice%2F{token}%2Fpdf",
            f"INSERT INTO account_move_portal_link (token) VALUES ('{token}')",
            f"UPDATE payment_transaction SET landing_route = '/x/{token}/result'",
        ]:
            for logger, message, args in [
                ("werkzeug", '"%s" %s %s', (text, 200, "-")),
                ("odoo.http", text, ()),
                ("somewhere.else", "%(url)s", ({"url": text},)),
            ]:
                with self.subTest(logger=logger, text=text):
                    lines = self._log(logger, message, args)
                    self.assertNotIn(token[6:-6], lines)
                    self.assertNotIn(hexed[18:-18], lines)
                    self.assertIn("***", lines)

    def test_b2_tokens_are_absent_from_logged_tracebacks(self):
        token = self._create_link().token
        try:
            raise ValueError(f"no route for /portal/invoice/{token}/pdf")
        except ValueError:
            lines = self._log(
                "odoo.http", "Exception during request", (), sys.exc_info()
            )
        self.assertIn("no route for", lines)
        self.assertNotIn(token, lines)

    def test_b2_log_keeps_what_is_no_token(self):
        for text in [
            "GET /portal/invoice/preview/x HTTP/1.1",
            "100% of account_move_portal_link_request_state_index",
            "/portal/logo/1?unique=1700000000",
            "/my/invoices/12?access_token=0c5a3e9c-6a0f-4b3e-8f5b-1f0f3e1d2c3b",
        ]:
            self.assertEqual(hide_tokens(text), text)

    def _log(self, logger, message, args, exc_info=None):
        """Return a line as a logger makes it, whatever its level is in a test."""
        record = logging.getLogger(logger).makeRecord(
            logger, logging.INFO, __file__, 1, message, args, exc_info
        )
        return logging.Formatter().format(record)

    def _get_last_note(self):
        return self.invoice.message_ids.sorted("id")[-1:].body

    def _create_user(self, login, group):
        return new_test_user(
            self.env,
            login=f"portal_{login}",
            groups=group,
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
