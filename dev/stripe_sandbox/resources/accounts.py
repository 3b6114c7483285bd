"""The account itself, its balance, mandates and Apple Pay domains."""

from ..store import random_text
from .base import Page, Route, lists, retrieves


def retrieve(call):
    """Return the account that the key belongs to."""
    store = call.backend.store
    if store.account is None:
        store.account = _new_account(call.backend.now())
    return store.account


def _new_account(created):
    return {
        "id": f"acct_1{random_text(15)}",
        "object": "account",
        "business_profile": {"name": "Sandbox account", "url": None},
        "business_type": "company",
        "capabilities": {
            "card_payments": "active",
            "transfers": "active",
            "us_bank_account_ach_payments": "active",
        },
        "charges_enabled": True,
        "country": "US",
        "created": created,
        "default_currency": "usd",
        "details_submitted": True,
        "email": "sandbox@example.com",
        "metadata": {},
        "payouts_enabled": True,
        "settings": {
            "dashboard": {"display_name": "Sandbox account", "timezone": "Etc/UTC"},
            "payments": {"statement_descriptor": "SANDBOX"},
        },
        "type": "standard",
    }


def create_apple_pay_domain(call):
    """Answer as Stripe does in test mode: nothing is registered."""
    return {
        "id": f"apwc_1{random_text(23)}",
        "object": "apple_pay_domain",
        "created": call.backend.now(),
        "domain_name": call.params["domain_name"],
        "livemode": False,
    }


def list_apple_pay_domains(call):
    """Return the empty list of registered domains."""
    return Page([], False)


_DOMAINS = {"kind": "apple_pay_domain", "path": "/apple_pay/domains"}
ROUTES = [
    Route("account", "retrieve", retrieve, path="/account"),
    retrieves("mandate"),
    lists("balance_transaction", "currency source type"),
    retrieves("balance_transaction"),
    Route(name="create", handler=create_apple_pay_domain, **_DOMAINS),
    Route(name="list", handler=list_apple_pay_domains, **_DOMAINS),
]
