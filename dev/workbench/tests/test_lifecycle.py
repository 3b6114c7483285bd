"""The add-on's life in real Odoo processes, with and without ``website``."""

from contextlib import ExitStack

import pytest

from stripe_sandbox import StripeSandbox
from workbench.provision.console import Console
from workbench.provision.paths import Project
from workbench.testing.environment import COMPANY, LEAN, WEBSITE, TestEnvironment
from workbench.tests.lifecycle import Lifecycle

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


def uninstall(life, before):
    """Uninstall the add-on; nothing is left behind."""
    assert life.press("button_immediate_uninstall") == []
    assert life.state() == "uninstalled"
    assert sorted(life.content() - before) == []
    assert sorted(before - life.content()) == []


def test_install_update_uninstall(environment):
    """Nothing in Odoo's log at any step, from the button that installs it on."""
    with environment.copy(LEAN, "life_lean") as database:
        life = Lifecycle(environment, database)
        before = life.content()
        assert life.press("button_immediate_install") == []
        assert life.state() == "installed"
        installed = life.content()
        assert ("table or view", "account_move_portal_link") in installed - before
        assert life.update() == []
        assert life.state() == "installed"
        assert life.content() == installed
        uninstall(life, before)


def test_uninstall_with_website(environment):
    """``website`` extends much of what the add-on extends."""
    before = Lifecycle(environment, environment.ensure(WEBSITE)).content()
    with environment.copy_installed(WEBSITE, "life_website") as (database, problems):
        assert problems == []
        life = Lifecycle(environment, database)
        assert life.state() == "installed"
        assert life.content() - before
        uninstall(life, before)


def test_uninstall_releases_payments_under_way(environment):
    """What can be stopped is; what cannot is told where staff see it afterwards."""
    sandbox = StripeSandbox()
    with ExitStack() as stack:
        copy = environment.copy_installed(COMPANY, "life_payments")
        database, _problems = stack.enter_context(copy)
        life = Lifecycle(environment, database)
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
