"""Checks of the ways to pay, and of what is heard of payments."""

from datetime import timedelta

from odoo import fields
from odoo.fields import Domain
from odoo.tools import format_datetime

from ... import const
from .finding import ERROR, OK, PROVIDERS, UNKNOWN, WARNING, Finding

#: Core's payment method of bank payments, by country.
BANK_METHODS = {
    **{"US": "ach_direct_debit", "GB": "bacs_direct_debit", "AU": "becs_direct_debit"},
    **dict.fromkeys(
        (
            *("AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR"),
            *("HR", "HU", "IE", "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO"),
            *("SE", "SI", "SK"),
        ),
        "sepa_direct_debit",
    ),
}
#: How long the catch-up, which runs every few minutes, may be silent.
SILENCE = timedelta(minutes=30)
LONG_SILENCE = timedelta(days=1)


def get_providers(company):
    """Return the providers that the company's customers may pay with.

    :param res.company company: The company, in sudo mode.
    :rtype: payment.provider
    """
    return company.env["payment.provider"].search(get_provider_domain(company))


def get_provider_domain(company):
    """Return the domain of the same.

    :param res.company company: The company, in sudo mode.
    :rtype: Domain
    """
    return (
        Domain(company.env["payment.provider"]._check_company_domain(company))
        & Domain("state", "!=", "disabled")
        & Domain("code", "not in", const.OFFLINE_PROVIDERS)
    )


def get_stripe(company):
    """Return those of the providers that are Stripe.

    :param res.company company: The company, in sudo mode.
    :rtype: payment.provider
    """
    return get_providers(company).filtered(lambda each: each.code == "stripe")


def check_provider(company, currencies=None):
    """Check that there is a published provider for each currency that is invoiced.

    :param res.company company: The company, in sudo mode.
    :param res.currency|None currencies: The currencies that matter; those of the open
        invoices and the company's own if None.
    :rtype: list[Finding]
    """
    env, name = company.env, company.env._("Payment provider")
    published = get_providers(company).filtered("is_published")
    if not published:
        message = env._(
            "No payment provider is published for %s, so customers can view their "
            "invoices but not pay them. Enable and publish one.",
            company.name,
        )
        return [Finding("provider", name, ERROR, message, PROVIDERS)]
    if currencies is None:
        currencies = company.currency_id | _get_invoiced_currencies(company)
    missing = currencies.filtered(
        lambda currency: (
            not any(
                not each.available_currency_ids
                or currency in each.available_currency_ids
                for each in published
            )
        )
    )
    if missing:
        message = env._(
            "No published payment provider accepts %(currencies)s.",
            currencies=", ".join(missing.mapped("name")),
        )
        return [Finding("provider", name, WARNING, message, PROVIDERS)]
    message = env._(
        "Customers can pay with %(providers)s in %(currencies)s.",
        providers=", ".join(published.mapped("name")),
        currencies=", ".join(currencies.mapped("name")),
    )
    return [Finding("provider", name, OK, message, PROVIDERS)]


def _get_invoiced_currencies(company):
    """Return the currencies of the company's open invoices.

    :param res.company company: The company, in sudo mode.
    :rtype: res.currency
    """
    groups = company.env["account.move"]._read_group(
        [
            ("company_id", "=", company.id),
            ("move_type", "=", "out_invoice"),
            ("state", "=", "posted"),
            ("payment_state", "in", ("not_paid", "partial")),
        ],
        ["currency_id"],
    )
    return company.env["res.currency"].union(*(currency for [currency] in groups))


def check_keys(company):
    """Check that Stripe's keys belong together, and to the provider's state.

    :param res.company company: The company, in sudo mode.
    :rtype: list[Finding]
    """
    env, findings = company.env, []
    for provider in get_stripe(company):
        modes = {
            "_test_" in key
            for key in (provider.stripe_secret_key, provider.stripe_publishable_key)
            if key
        }
        level = ERROR
        if not (provider.stripe_secret_key and provider.stripe_publishable_key):
            message = env._("A key is missing. Enter both, as Stripe shows them.")
        elif len(modes) == 2:
            message = env._("One key is for test mode, the other one is live.")
        elif provider.state == "enabled" and True in modes:
            message = env._(
                "The provider is enabled with keys for test mode: no money is moved, "
                "but invoices are marked as paid. Enter the live keys."
            )
        elif provider.state == "test" and False in modes:
            message = env._(
                "The provider is in test mode with live keys: real money is moved. "
                "Enter the keys for test mode, or enable the provider."
            )
        elif provider.state == "test":
            level = WARNING
            message = env._("Test mode: no money is moved.")
        else:
            level, message = OK, env._("Live keys: real payments.")
        findings.append(_about(provider, "keys", env._("Keys"), level, message))
    return findings


def check_webhook(company):
    """Check that Stripe's events can be verified, and arrive.

    :param res.company company: The company, in sudo mode.
    :rtype: list[Finding]
    """
    env, findings = company.env, []
    for provider in get_stripe(company):
        heard = _get_last_event(provider, by_webhook=True)
        caught = _get_last_event(provider, by_webhook=False)
        if not provider.stripe_webhook_secret:
            level = ERROR
            message = env._(
                "There is no signing secret, so Stripe's events are refused. "
                "Select “Generate your webhook” on the provider."
            )
        elif caught and not heard:
            level = WARNING
            message = env._(
                "No event has ever been received, although Stripe had some. Stripe "
                "cannot reach this Odoo, so payments are booked minutes late."
            )
        elif not heard:
            level = UNKNOWN
            message = env._(
                "No event has been received yet. Odoo cannot tell whether Stripe "
                "reaches it until a payment is made."
            )
        else:
            level = OK
            message = env._(
                "The last event was received on %s.", format_datetime(env, heard)
            )
        findings.append(_about(provider, "webhook", env._("Webhook"), level, message))
    return findings


def _get_last_event(provider, by_webhook):
    """Return when the last event of a provider was recorded.

    What Stripe sends is recorded as whoever has no login, what was asked for as the
    user of the scheduled action.

    :param payment.provider provider: The provider, in sudo mode.
    :param bool by_webhook: Whether it was sent; else it was asked for.
    :rtype: datetime.datetime | bool
    """
    env = provider.env
    job = env.ref(const.CATCH_UP_CRON, raise_if_not_found=False)
    user_id = job.user_id.id if job else env.ref("base.user_root").id
    event = env["payment.provider.event"].search(
        [
            ("provider_id", "in", provider._stripe_get_account_providers().ids),
            ("create_uid", "!=" if by_webhook else "=", user_id),
        ],
        limit=1,
    )
    return event.create_date


def check_catch_up(company):
    """Check that what no webhook has told is asked for.

    :param res.company company: The company, in sudo mode.
    :rtype: list[Finding]
    """
    env, name = company.env, company.env._("Missed payments")
    if not get_stripe(company):
        return []
    job = env.ref(const.CATCH_UP_CRON, raise_if_not_found=False)
    if not job:
        message = env._("The scheduled action was deleted. Upgrade the app.")
        return [Finding("catch_up", name, ERROR, message)]
    record = ("ir.cron", job.id)
    # A job that has just been installed is not late.
    since = job.lastcall or job.create_date
    silence = fields.Datetime.now() - since
    if silence > SILENCE:
        level = ERROR if silence > LONG_SILENCE else WARNING
        message = env._(
            "Stripe was last checked on %s. Until the next check, payments whose page "
            "was closed too early go unnoticed.",
            format_datetime(env, since),
        )
    elif not job.lastcall:
        level, message = UNKNOWN, env._("Stripe has not been checked yet.")
    else:
        level = OK
        message = env._("Stripe was last checked on %s.", format_datetime(env, since))
    return [Finding("catch_up", name, level, message, "", record)]


def check_methods(company):
    """Check that customers can pay by card, and from a bank account of their country.

    :param res.company company: The company, in sudo mode.
    :rtype: list[Finding]
    """
    env, findings = company.env, []
    bank = BANK_METHODS.get(company.country_id.code)
    for provider in get_stripe(company):
        active = provider.payment_method_ids.filtered("active")
        codes = set(active.mapped("code"))
        names = ", ".join(active.mapped("name"))
        if not codes:
            level = ERROR
            message = env._("No payment method is switched on.")
        elif "card" not in codes:
            level = WARNING
            message = env._("Cards are switched off. Customers pay by %s.", names)
        elif bank and bank not in codes:
            level = WARNING
            method = env["payment.method"].with_context(active_test=False)
            message = env._(
                "Customers cannot pay from a bank account. Switch “%s” on.",
                method.search([("code", "=", bank)], limit=1).name or bank,
            )
        else:
            level, message = OK, env._("Customers can pay by %s.", names)
        name = env._("Payment methods")
        findings.append(_about(provider, "methods", name, level, message))
        if "card" in codes:
            message = env._(
                "Odoo cannot see whether your domain is registered for Apple Pay and "
                "Google Pay. Stripe shows it under Settings, Payment method domains."
            )
            name = env._("Wallets")
            findings.append(_about(provider, "wallets", name, UNKNOWN, message))
    return findings


def check_journal(company):
    """Check that payments can be booked.

    :param res.company company: The company, in sudo mode.
    :rtype: list[Finding]
    """
    env, findings = company.env, []
    providers = get_providers(company)
    # Not by `journal_id`, which core computes by making what is not there.
    lines = env["account.payment.method.line"].search(
        [
            ("payment_provider_id", "in", providers.ids),
            ("journal_id", "!=", False),
        ]
    )
    for provider in providers:
        journal = lines.filtered(
            lambda line, provider=provider: line.payment_provider_id == provider
        )[:1].journal_id
        if not journal:
            level = ERROR
            message = env._(
                "There is no payment journal, so payments cannot be booked. "
                "Choose one on the provider."
            )
        elif not (journal.active and journal.default_account_id):
            level = ERROR
            message = env._(
                "The journal %s is archived or has no bank account in your chart of "
                "accounts.",
                journal.name,
            )
        else:
            level = OK
            message = env._("Payments are booked in %s.", journal.name)
        findings.append(_about(provider, "journal", env._("Journal"), level, message))
    return findings


def _about(provider, code, name, level, message):
    """Return a finding about one provider.

    :param payment.provider provider: The provider.
    :rtype: Finding
    """
    record = (provider._name, provider.id)
    return Finding(code, f"{provider.name}: {name}", level, message, "", record)
