"""The add-on's life in real Odoo processes, with and without ``website``."""

from contextlib import ExitStack

import pytest

from stripe_sandbox import StripeSandbox
from workbench.provision.console import Console
from workbench.provision.paths import Project
from workbench.testing.environment import LEAN, WEBSITE, TestEnvironment
from workbench.testing.lifecycle import Lifecycle

#: Two customers have begun to pay, as on the payment screen.
_PAYMENTS = """
from odoo.fields import Command

env["account.chart.template"].try_loading("generic_coa", env.company, False)
env["ir.config_parameter"].set_param(
    "account_payment_portal.stripe_sandbox_url", {sandbox.url!r}
)
card = env.ref("payment.payment_method_card")
provider = env.ref("payment.payment_provider_stripe")
provider.write(
    {{
        "state": "test",
        "stripe_publishable_key": {sandbox.publishable_key!r},
        "stripe_secret_key": {sandbox.secret_key!r},
        "payment_method_ids": [Command.set(card.ids)],
    }}
)
card.active = True
for number in range(2):
    move = env["account.move"].create(
        {{
            "move_type": "out_invoice",
            "partner_id": env.company.partner_id.id,
            "invoice_line_ids": [Command.create({{"name": "Work", "price_unit": 50}})],
        }}
    )
    move.action_post()
    tx = env["payment.transaction"].create(
        {{
            "provider_id": provider.id,
            "payment_method_id": card.id,
            "reference": f"under way {{number}}",
            "amount": move.amount_residual,
            "currency_id": move.currency_id.id,
            "partner_id": move.partner_id.id,
            "operation": "online_direct",
            "invoice_ids": [Command.set(move.ids)],
            "portal_attempt_ids": [Command.create({{"origin": "portal"}})],
        }}
    )
    tx._get_processing_values()
env.cr.commit()
"""


@pytest.fixture(scope="module")
def environment():
    with TestEnvironment(Project(), Console()).running(shared=True) as running:
        yield running


@pytest.fixture
def lives(environment):
    """Start a life on a copy of a template."""
    with ExitStack() as stack:

        def start(template):
            copy = environment.copy(template, f"life_{template.name}")
            return Lifecycle(environment, stack.enter_context(copy))

        yield start


def install(life):
    """Install the add-on; return what there was before, and what there is now."""
    before = life.content()
    assert life.press("button_immediate_install") == []
    assert life.state() == "installed"
    installed = life.content()
    assert ("table or view", "account_move_portal_link") in installed - before
    return before, installed


def uninstall(life, before):
    """Uninstall the add-on; nothing is left behind."""
    assert life.press("button_immediate_uninstall") == []
    assert life.state() == "uninstalled"
    assert sorted(life.content() - before) == []
    assert sorted(before - life.content()) == []


def test_install_update_uninstall(lives):
    """Nothing in Odoo's log at any step."""
    life = lives(LEAN)
    before, installed = install(life)
    assert life.update() == []
    assert life.state() == "installed"
    assert life.content() == installed
    uninstall(life, before)


def test_install_uninstall_with_website(lives):
    """``website`` extends much of what the add-on extends."""
    life = lives(WEBSITE)
    before, _installed = install(life)
    uninstall(life, before)


def test_uninstall_releases_payments_under_way(lives):
    """What can be stopped is; what cannot is told where staff see it afterwards."""
    life = lives(LEAN)
    install(life)
    sandbox = StripeSandbox()
    with ExitStack() as stack:
        sandbox.start()
        stack.callback(sandbox.stop)
        assert life.shell("payments", _PAYMENTS.format(sandbox=sandbox)) == []
        [(first,), (late,)] = life.query(
            "SELECT provider_reference FROM payment_transaction ORDER BY id"
        )
        path = f"{late}/cancel$"
        sandbox.faults.add("error", status=400, times=0, path=path)
        assert life.press("button_immediate_uninstall") == []
        intents = sandbox.objects("payment_intent")
    assert life.state() == "uninstalled"
    assert {intent["id"]: intent["status"] for intent in intents} == {
        first: "canceled",
        late: "requires_payment_method",
    }
    states = "SELECT state FROM payment_transaction ORDER BY id"
    assert life.query(states) == [("cancel",), ("draft",)]
    [(told,)] = life.query(
        "SELECT body FROM mail_message WHERE model = 'account.move'"
        " AND position('The portal was uninstalled' IN body) > 0"
    )
    assert late in told
