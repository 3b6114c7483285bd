"""The records that the story is about: made of Odoo's demo data, anew for each run."""

import secrets

from workbench.stack.demo_settings import find_one

#: The demo invoice that the story's invoice is a copy of.
MODEL_INVOICE = ("account", "1_demo_invoice_1")
SALESPERSON = {
    "name": "Dana Field",
    "login": "dana",
    "password": "dana",
    "email": "dana.field@yourcompany.example.com",
    "notification_type": "inbox",
}


def find_record(client, module, name):
    """Id of the record of an external id.

    :rtype: int
    """
    domain = [("module", "=", module), ("name", "=", name)]
    (found,) = client.call("ir.model.data", "search_read", domain, ["res_id"])
    return found["res_id"]


def salesperson(client):
    """Someone who may write invoices and nothing more, the same one in each run.

    :return: their fields
    :rtype: dict
    """
    known = find_one(client, "res.users", [("login", "=", SALESPERSON["login"])])
    if not known:
        groups = [("base", "group_user"), ("account", "group_account_invoice")]
        ids = [find_record(client, *group) for group in groups]
        (known,) = client.call(
            "res.users",
            "create",
            [{**SALESPERSON, "group_ids": [(6, 0, ids)]}],
            context={"no_reset_password": True},  # Nobody has to be invited.
        )
    return {**SALESPERSON, "id": known}


def customer(client, model):
    """A copy of a demo customer, with an email address of their own.

    :param int model: id of the demo customer
    :return: id, name and address
    :rtype: dict
    """
    (known,) = client.call("res.partner", "read", [model], ["name"])
    values = {
        "name": known["name"],
        "email": f"accounts.{secrets.token_hex(2)}@azure-interior.example.com",
    }
    (copied,) = client.call("res.partner", "copy", [model], values)
    return {**values, "id": copied}


def open_invoice(client, user):
    """A posted invoice to a new customer.

    :param dict user: the salesperson
    :return: id, number, customer, and what the customer is to see of it
    :rtype: dict
    """
    model = find_record(client, *MODEL_INVOICE)
    (known,) = client.call("account.move", "read", [model], ["partner_id"])
    payer = customer(client, known["partner_id"][0])
    values = {"partner_id": payer["id"], "invoice_user_id": user["id"]}
    copied = client.call("account.move", "copy", [model], values)
    client.call("account.move", "action_post", copied)
    fields = ["name", "amount_total", "invoice_date_due"]
    (invoice,) = client.call("account.move", "read", copied, fields)
    return {**invoice, "customer": payer}


def payment_state(client, invoice):
    """Whether an invoice is paid.

    :return: ``not_paid``, ``in_payment``, ``paid``…
    :rtype: str
    """
    (found,) = client.call("account.move", "read", [invoice["id"]], ["payment_state"])
    return found["payment_state"]


def count_views(client, invoice):
    """How many views of an invoice have been counted.

    :rtype: int
    """
    domain = [("move_id", "=", invoice["id"]), ("kind", "=", "viewed")]
    return client.call("account.move.portal.event", "search_count", domain)
