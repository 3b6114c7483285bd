from datetime import timedelta

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError, UserError

from .common import PortalCommon


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
        for wrong in ["", "x", token[:-1], token[:12], token + "x", "é", token.upper()]:
            with self.subTest(token=wrong):
                self.assertFalse(find_live(wrong))

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

    def test_b1_first_view_is_counted_once_per_visit(self):
        link = self._create_link()
        events = self.env["account.move.portal.event"]
        visit = events._record_visit(link, "unproven")
        proof = visit._get_visit_proof()
        view = events._record_view(link, visit.id, proof)
        self.assertTrue(view.is_first_view)
        self.assertFalse(events._record_view(link, visit.id, proof), "one visit")
        second_visit = events._record_visit(link, "unproven")
        second_view = events._record_view(
            link, second_visit.id, second_visit._get_visit_proof()
        )
        self.assertTrue(second_view)
        self.assertFalse(second_view.is_first_view)
        self.assertEqual(link.view_count, 2)

    def test_b1_views_of_machines_staff_and_previews_do_not_count(self):
        events = self.env["account.move.portal.event"]
        internal = self._create_link(audience="internal")
        for link, visitor in [
            (self._create_link(), "machine"),
            (self._create_link(), "staff"),
            (internal, "unproven"),
        ]:
            visit = events._record_visit(link, visitor)
            with self.subTest(visitor=visitor, audience=link.audience):
                self.assertFalse(
                    events._record_view(link, visit.id, visit._get_visit_proof())
                )
                self.assertFalse(link.view_count)

    def test_b1_view_needs_the_proof_of_its_own_visit(self):
        link, other_link = self._create_link(), self._create_link()
        events = self.env["account.move.portal.event"]
        visit = events._record_visit(link, "unproven")
        other_visit = events._record_visit(other_link, "unproven")
        for visit_id, proof in [
            (visit.id, "0" * 64),
            (visit.id, other_visit._get_visit_proof()),
            (other_visit.id, other_visit._get_visit_proof()),
            (0, visit._get_visit_proof()),
        ]:
            self.assertFalse(events._record_view(link, visit_id, proof))

    def test_b1_events_cannot_be_changed(self):
        visit = self.env["account.move.portal.event"]._record_visit(
            self._create_link(), "unproven"
        )
        with self.assertRaises(UserError):
            visit.kind = "viewed"
