from lxml import etree

from odoo.fields import Command
from odoo.tests import Form, new_test_user

from ..common import PortalCommon

# What sale lets salespeople read of invoices, without any group of accounting.
READ_BY_SALESPEOPLE = (
    "account.account",
    "account.journal",
    "account.move",
    "account.move.line",
    "account.partial.reconcile",
    "account.payment",  # Not by sale, but core's form counts an invoice's payments.
    "account.payment.term",
    "account.tax",
    "account.tax.group",
    "res.partner",
    "uom.uom",
)


class TestAccountMovePortalAccess(PortalCommon):
    """The invoice's form, for those with rights on links and those without."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.readers = cls.env["res.groups"].create({"name": "Readers of invoices"})
        # In sudo mode because rights are the administrator's.
        cls.env["ir.model.access"].sudo().create(
            [
                {
                    "name": f"Readers: {model}",
                    "model_id": cls.env["ir.model"]._get_id(model),
                    "group_id": cls.readers.id,
                    "perm_read": True,
                }
                for model in READ_BY_SALESPEOPLE
            ]
        )
        cls.reader = cls._create_user("portal_reader", "base.group_user")
        cls.reader.group_ids |= cls.readers

    @classmethod
    def _create_user(cls, login, groups):
        return new_test_user(
            cls.env,
            login=login,
            groups=groups,
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
        )

    def _get_elements(self, user):
        """Return what the invoice's form shows a user of links."""
        form = self.env["account.move"].with_user(user).get_view(view_type="form")
        tree = etree.fromstring(form["arch"])
        return {
            element.get("name")
            for element in tree.iter("button", "field", "page")
            if "portal" in (element.get("name") or "")
        }

    def test_b6_who_has_no_right_on_links_opens_every_document(self):
        link = self._create_link()
        bill, entry = (
            self._create_portal_invoice(move_type=kind, post=False, **values)
            for kind, values in [
                ("in_invoice", {"invoice_date_due": False}),
                ("entry", {"invoice_line_ids": [], "partner_id": False}),
            ]
        )
        for move in self.invoice | bill | entry:
            with self.subTest(move.move_type):
                form = Form(move.with_user(self.reader))
                self.assertEqual(form.id, move.id)
                self.assertNotIn("portal_link_ids", form._view["fields"])
        self.assertEqual(self.invoice.portal_link_ids, link)
        self.assertFalse(
            {name for name in self._get_elements(self.reader) if "link" in name}
            - {"can_send_portal_link"}
        )

    def test_b6_who_has_a_right_on_links_sees_them_on_the_form(self):
        link = self._create_link()
        for group, can_revoke in [
            ("account.group_account_invoice", True),
            ("account.group_account_readonly", False),
        ]:
            user = self._create_user(group, group)
            with self.subTest(group):
                form = Form(self.invoice.with_user(user))
                self.assertEqual(form.portal_live_link_count, 1)
                self.assertEqual(form.portal_link_ids.ids, link.ids)
                shown = self._get_elements(user)
                self.assertLessEqual(
                    {"portal_links", "action_view_portal_links"}, shown
                )
                self.assertEqual("action_revoke_portal_links" in shown, can_revoke)
