import logging
from datetime import datetime, timedelta
from unittest.mock import patch

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.sql_db import Cursor
from odoo.tests import new_test_user

from ...models.link.account_move_portal_link import (
    SELECTOR_LENGTH,
)
from ..common import PortalCommon


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
            self.assertGreaterEqual(len(token) * 6, 128, "bits")
        with self.assertRaises(AccessError):
            self.env["account.move.portal.link"].with_user(self.biller).create(
                {"move_id": self.invoice.id, "email": "x@y.example", "token": "mine"}
            )

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
        self.assertEqual(links._find_live(_Secret(token, SELECTOR_LENGTH)), link)

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
        self.assertIn("for ever", self._get_last_note())

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

    def test_b2_bounced_address_closes_its_link_only(self):
        bounced = self._create_link(email="gone@customer.example", partner_id=False)
        link = self._create_link()
        message = self.invoice.message_post(subject=self.invoice.name)
        self._bounce("gone@customer.example", self.env["mail.message"])
        self.assertEqual(bounced.state, "live", "not an answer to a mail of ours")
        self._bounce("gone@customer.example", message)
        self.assertEqual(bounced.revocation_reason, "bounced")
        self.assertEqual(link.state, "live")

    def _bounce(self, email, message):
        self.env["mail.thread"]._routing_handle_bounce(
            None,
            {
                "bounced_email": email,
                "bounced_partner": self.env["res.partner"],
                "bounced_msg_ids": message.mapped("message_id"),
                "bounced_message": message,
                "email_from": "mailer-daemon@customer.example",
                "to": "bounce@company.example",
                "message_id": "<bounce@customer.example>",
                "body": "",
            },
        )

    def test_b2_link_is_shown_to_be_copied_and_this_is_noted(self):
        link = self._create_link()
        action = link.with_user(self.biller).action_copy()
        window = self._open_share(action)
        self.assertEqual(window.url, link._get_url())
        self.assertIn("shown to be copied", self._get_last_note())
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
        link = self._create_link()
        for logger, message, args in [
            (
                "werkzeug",
                '"%s" %s %s',
                (f"GET {link._get_path('pdf')} HTTP/1.1", 200, "-"),
            ),
            ("odoo.http", f"CSRF failed on {link._get_path()}", ()),
            ("somewhere.else", "%(url)s", ({"url": link._get_url()},)),
        ]:
            with self.subTest(logger=logger):
                # As a logger makes it, whatever its level is in a test.
                record = logging.getLogger(logger).makeRecord(
                    logger, logging.INFO, __file__, 1, message, args, None
                )
                self.assertNotIn(link.token, record.getMessage())
                self.assertIn("/portal/invoice/***", record.getMessage())

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
