from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Command


class AccountMovePortalDemo(models.AbstractModel):
    """What an installation with demo data shows: invoices sent, viewed and paid.

    In Python because it takes a chart of accounts, which a database need not have, and
    because what happens at a link is only ever inserted. Nothing is emailed.
    """

    _name = "account.move.portal.demo"
    _description = "Invoice Portal Demo Data"

    @api.model
    def _load(self, company=None):
        """Make the demo invoices of a company.

        :param res.company|None company: The company; the first one if None.
        """
        company = company or self.env.ref("base.main_company")
        if not company.chart_template:
            return
        demo = self.with_company(company)
        demo._make("sent", "Harbor Bakery", 320.0, days=2)
        viewed = demo._make("viewed", "Lakeside Clinic", 1450.0, days=5)
        demo._record_view(viewed)
        paid = demo._make("paid", "Maple Street Books", 85.5, days=12)
        demo._record_view(paid)
        demo.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=paid.ids
        ).create({}).action_create_payments()

    @api.model
    def _make(self, name, customer, price, days):
        """Make an invoice, and the link with which it was sent.

        :param str name: Of the record.
        :param str customer: The customer's name.
        :param float price: In the company's currency.
        :param int days: How many days ago it was sent.
        :rtype: account.move
        """
        partner = self._make_customer(name, customer)
        day = fields.Date.context_today(self) - timedelta(days=days)
        values = {
            "move_type": "out_invoice",
            "partner_id": partner.id,
            "invoice_date": day,
            "invoice_date_due": day + timedelta(days=30),
            "invoice_line_ids": [
                Command.create(
                    {
                        "name": self.env._("Consulting"),
                        "quantity": 1,
                        "price_unit": price,
                        "tax_ids": [Command.clear()],
                    }
                )
            ],
        }
        xmlid = f"account_payment_portal.demo_invoice_{name}"
        move = self.env["account.move"]._load_records(
            [{"xml_id": xmlid, "values": values, "noupdate": True}]
        )
        move.action_post()
        # In sudo mode because users say nothing of what happened to a link.
        self.env["account.move.portal.link"].sudo().create(
            {
                "move_id": move.id,
                "partner_id": partner.id,
                "email": partner.email,
                "sent_on": fields.Datetime.now() - timedelta(days=days),
                "sent_by_id": self.env.uid,
            }
        )
        return move

    @api.model
    def _make_customer(self, name, customer):
        """Make a customer, whose address belongs to nobody.

        :param str name: Of the record.
        :param str customer: The customer's name.
        :rtype: res.partner
        """
        module = "account_payment_portal"
        address = f"{customer.partition(' ')[0].lower()}@example.com"
        return self.env["res.partner"]._load_records(
            [
                {
                    "xml_id": f"{module}.demo_partner_{name}",
                    "values": {
                        "name": customer,
                        "email": address,
                        "is_company": True,
                        "country_id": self.env.ref("base.us").id,
                    },
                    "noupdate": True,
                }
            ]
        )

    @api.model
    def _record_view(self, move):
        """Record that the customer has viewed an invoice.

        :param account.move move: The invoice.
        """
        events = self.env["account.move.portal.event"]
        for link in move.portal_link_ids:
            facts = {"visitor": "person", "reason": "interaction", "device": "phone"}
            visit = events._record(link, "opened", **facts)
            visit._follow_up("viewed", "person", reason="interaction")
