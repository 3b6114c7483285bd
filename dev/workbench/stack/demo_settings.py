"""Sets the demo up as an administrator would, and runs the main job once.

All of it goes through Odoo's web client interface as the administrator of Odoo's demo
data, and may be repeated.
"""

import base64
from pathlib import Path
from typing import NamedTuple

LOGIN = "admin"
PASSWORD = "admin"
MAIL_SERVER = "Mailbox of the demo"
LOGO = Path(__file__).with_name("logo.png")
PORTAL_PATH = "/portal/invoice/"
METHODS = ("card", "ach_direct_debit")
SANDBOX_PARAMETER = "account_payment_portal.stripe_sandbox_url"


class Keys(NamedTuple):
    """What Odoo and the Stripe sandbox share."""

    secret: str
    publishable: str
    webhook: str


def find_one(client, model, domain, **options):
    """Id of the first record that a domain finds.

    :rtype: int | None
    """
    found = client.call(model, "search", domain, limit=1, **options)
    return found[0] if found else None


def set_parameters(client, url, stripe_url):
    """Set where customers find Odoo, and where Odoo finds Stripe."""
    parameters = {
        "web.base.url": url,
        "web.base.url.freeze": "True",
        SANDBOX_PARAMETER: stripe_url,
    }
    for name, value in parameters.items():
        client.call("ir.config_parameter", "set_param", name, value)


def set_mail_server(client, smtp_port):
    """Let all mail go to the mailbox."""
    values = {
        "name": MAIL_SERVER,
        "smtp_host": "127.0.0.1",
        "smtp_port": smtp_port,
        "smtp_encryption": "none",
        "sequence": 1,
    }
    known = find_one(client, "ir.mail_server", [("name", "=", MAIL_SERVER)])
    if known:
        client.call("ir.mail_server", "write", [known], values)
    else:
        # What making the demo data has queued would bury the mail to look at.
        queued = client.call("mail.mail", "search", [("state", "=", "outgoing")])
        client.call("mail.mail", "unlink", queued)
        client.call("ir.mail_server", "create", [values])


def set_logo(client):
    """Give the first company a logo, in place of Odoo's picture of a missing one."""
    company = find_one(client, "res.company", [], order="id")
    domain = [("id", "=", company), ("uses_default_logo", "=", True)]
    if find_one(client, "res.company", domain):
        logo = base64.b64encode(LOGO.read_bytes()).decode()
        client.call("res.company", "write", [company], {"logo": logo})


def set_stripe(client, keys):
    """Put Stripe into test mode, with cards and eCheck, visible to customers.

    Each company of the demo data has a provider of its own, and is given the same keys.
    """
    values = {
        "stripe_secret_key": keys.secret,
        "stripe_publishable_key": keys.publishable,
        "stripe_webhook_secret": keys.webhook,
        "state": "test",
        "is_published": True,
    }
    providers = client.call("payment.provider", "search", [("code", "=", "stripe")])
    client.call("payment.provider", "write", providers, values)
    domain, everything = [("code", "in", METHODS)], {"active_test": False}
    methods = client.call("payment.method", "search", domain, context=everything)
    client.call("payment.method", "write", methods, {"active": True})


def open_invoice(client):
    """An open invoice of the demo data that was not sent yet, and can be emailed.

    :return: its id, its number and the customer's name
    :rtype: tuple[int, str, str]
    """
    found = client.call(
        "account.move",
        "search_read",
        [
            ("move_type", "=", "out_invoice"),
            ("state", "=", "posted"),
            ("payment_state", "=", "not_paid"),
            ("amount_residual", ">", 0),
            ("partner_id.email", "!=", False),
            ("portal_link_ids", "=", False),
        ],
        ["name", "partner_id"],
        limit=1,
        order="id",
    )
    return found[0]["id"], found[0]["name"], found[0]["partner_id"][1]


def send_link(client, invoice):
    """The main job: fill in the window and press Send, as staff does."""
    wizard = client.call("account.move.send.portal", "create", [{"move_id": invoice}])
    client.call("account.move.send.portal", "action_send", wizard)


def first_link(client):
    """The first link that was sent from here; those of the demo data never were.

    :return: its invoice's number and its recipient; nothing if there is none
    :rtype: tuple[str, str] | None
    """
    links = client.call(
        "account.move.portal.link",
        "search_read",
        [("audience", "=", "customer"), ("create_uid.login", "=", LOGIN)],
        ["move_id", "email"],
        limit=1,
        order="id",
    )
    if not links:
        return None
    (link,) = links
    return link["move_id"][1], link["email"]


def mailed_link(messages, recipient):
    """The address of a link, read where its recipient reads it: nobody else knows it.

    :param list[Message] messages: the mails, oldest first
    :param str recipient: email address
    :return: the one in their first mail; nothing if that is gone
    :rtype: str | None
    """
    for message in messages:
        if recipient in message.envelope_to:
            for link in message.links:
                if PORTAL_PATH in link["href"]:
                    return link["href"]
    return None
