"""What is tried out, because no setting tells whether it works."""

import logging

import requests
import stripe

from ...tools import smtp_errors
from ..payment.payment_provider import EVENT_TYPES
from .finding import ERROR, OK, PARAMETERS, UNKNOWN, WARNING, Finding
from .payments import get_stripe

_logger = logging.getLogger(__name__)
#: What this Odoo's own address may take to answer, in seconds.
ANSWER_SECONDS = 5
#: What the trial payment takes, in the smallest unit of its currency: enough
#: everywhere. https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts
TRIAL_AMOUNT = 5000


# === THE ADDRESS === #


def prove_address(company, url, proof):
    """Follow the link of a sample, as a customer would.

    :param res.company company: Whose link, in sudo mode.
    :param str url: The link.
    :param str proof: What the page tells that only this database knows.
    :rtype: list[Finding]
    """
    env, name = company.env, company.env._("The link of the sample")
    level = ERROR
    try:
        answer = requests.get(url, timeout=ANSWER_SECONDS)
    except requests.RequestException as error:
        # The error itself names the whole address, token included.
        _logger.info("The portal's own address: %s", type(error).__name__)
        message = env._(
            "%(url)s does not respond to this server. Customers may still be able to "
            "reach it.",
            url=company.get_base_url(),
        )
        return [Finding("sample_link", name, WARNING, message, PARAMETERS)]
    if answer.status_code != 200 or proof not in answer.text:
        message = env._(
            "%(url)s responds, but not with this database (HTTP %(status)s). Check "
            "web.base.url, and dbfilter in the configuration file.",
            url=company.get_base_url(),
            status=answer.status_code,
        )
    else:
        level = OK
        message = env._("%s opens this database.", company.get_base_url())
    return [Finding("sample_link", name, level, message, PARAMETERS)]


# === THE EMAIL === #


def prove_email(company, user, url):
    """Email a sample to a user: all that a customer gets, of an invoice that is undone.

    :param res.company company: Whose invoice, in sudo mode.
    :param res.users user: Who gets it.
    :param str url: Where its button leads.
    :rtype: list[Finding]
    """
    env, name = company.env, company.env._("Sample email")
    checks = env["account.move.portal.check"]
    if not user.email:
        message = env._("You have no email address. Enter one in your preferences.")
        return [Finding("sample_email", name, ERROR, message)]
    try:
        with env.cr.savepoint() as savepoint:
            try:
                checks._send_sample(company, user, url)
            finally:
                # Whatever was made to be shown leaves no trace.
                savepoint.rollback()
    except Exception as error:  # Whatever is wrong is what is wanted to be known.
        if not smtp_errors.is_refusal(error):
            _logger.exception("The sample of %s cannot be sent", company.name)
        message = env._(
            "The sample was not sent: %s",
            smtp_errors.explain(env, error)
            if smtp_errors.is_refusal(error)
            else str(error) or type(error).__name__,
        )
        return [Finding("sample_email", name, ERROR, message)]
    message = env._(
        "A sample was sent to %s. Check that it arrives, and open its link.",
        user.email,
    )
    return [Finding("sample_email", name, OK, message)]


# === STRIPE === #


def prove_stripe(company):
    """Ask Stripe about the account, its methods and webhook, and try a payment.

    :param res.company company: Whose providers, in sudo mode.
    :rtype: list[Finding]
    """
    env, findings = company.env, []
    for provider in get_stripe(company):
        for prove in (_prove_account, _prove_webhook, _prove_payment):
            try:
                findings += prove(provider)
            except stripe.StripeError as error:
                name = env._("%(provider)s: answer", provider=provider.name)
                message = error.user_message or type(error).__name__
                record = (provider._name, provider.id)
                code = "stripe_answer"
                findings.append(Finding(code, name, ERROR, message, "", record))
                break
    return findings


def _prove_account(provider):
    """Read the account and what it may do.

    :param payment.provider provider: The provider, in sudo mode.
    :rtype: list[Finding]
    :raise stripe.StripeError: If Stripe refuses, or cannot be reached.
    """
    env = provider.env
    account = provider._stripe_request("GET", "account")
    label = account.get("settings", {}).get("dashboard", {}).get("display_name")
    label = label or account["id"]
    # What is needed for a method, as Stripe names it in `capabilities`.
    needed = {
        "card": "card_payments",
        "ach_direct_debit": "us_bank_account_ach_payments",
        "sepa_direct_debit": "sepa_debit_payments",
        "bacs_direct_debit": "bacs_debit_payments",
        "becs_direct_debit": "au_becs_debit_payments",
    }
    methods = provider.payment_method_ids.filtered("active")
    inactive = [
        method.name
        for method in methods
        if (capability := needed.get(method.code))
        and account.get("capabilities", {}).get(capability) != "active"
    ]
    level = ERROR
    if not account.get("charges_enabled"):
        message = env._(
            "Stripe account %s cannot take payments yet. Stripe shows what is missing.",
            label,
        )
    elif inactive:
        message = env._(
            "These are not active in Stripe account %(account)s: %(methods)s. "
            "Customers who choose them are refused.",
            account=label,
            methods=", ".join(inactive),
        )
    else:
        level = OK
        message = env._("Stripe account %s can take payments.", label)
    return [_about(provider, "stripe_account", env._("account"), level, message)]


def _prove_webhook(provider):
    """Read which events Stripe sends here.

    :param payment.provider provider: The provider, in sudo mode.
    :rtype: list[Finding]
    :raise stripe.StripeError: If Stripe refuses, or cannot be reached.
    """
    env, url = provider.env, provider._get_stripe_webhook_url()
    endpoints = provider._stripe_request("GET", "webhook_endpoints", {"limit": 100})
    ours = [each for each in endpoints["data"] if each["url"] == url]
    active = [each for each in ours if each["status"] == "enabled"]
    enabled = {event for each in active for event in each["enabled_events"]}
    missing = set() if "*" in enabled else set(EVENT_TYPES) - enabled
    if not ours:
        level = ERROR
        message = env._(
            "Stripe has no webhook for %s. Remove the signing secret and select "
            "“Generate your webhook”.",
            url,
        )
    elif not active:
        level = ERROR
        message = env._("The webhook is disabled at Stripe. Enable it there.")
    elif missing:
        level = WARNING
        message = env._(
            "Stripe does not send all the events needed. Add these at Stripe: %s.",
            ", ".join(sorted(missing)),
        )
    else:
        level, message = OK, env._("Stripe sends its events to %s.", url)
    return [_about(provider, "stripe_webhook", env._("webhook"), level, message)]


def _prove_payment(provider):
    """Confirm a payment with Stripe's test card, in test mode only.

    It has no description, by which this Odoo would know it as one of its own.

    :param payment.provider provider: The provider, in sudo mode.
    :rtype: list[Finding]
    :raise stripe.StripeError: If Stripe refuses, or cannot be reached.
    """
    env, name = provider.env, provider.env._("trial payment")
    if provider.state != "test" or "_test_" not in (provider.stripe_secret_key or ""):
        message = env._("Only tried in test mode. This provider takes real money.")
        return [_about(provider, "stripe_payment", name, UNKNOWN, message)]
    intent = provider._stripe_request(
        "POST",
        "payment_intents",
        {
            "amount": TRIAL_AMOUNT,
            "currency": provider.company_id.currency_id.name.lower(),
            "payment_method_types": ["card"],
            "payment_method": "pm_card_visa",
            "confirm": True,
        },
    )
    if intent["status"] in ("succeeded", "requires_capture"):
        level, message = OK, env._("Stripe took a payment with its test card.")
    else:
        level = ERROR
        message = env._("The test card payment is %s.", intent["status"])
    return [_about(provider, "stripe_payment", name, level, message)]


def _about(provider, code, name, level, message):
    """Return a finding about one provider.

    :param payment.provider provider: The provider.
    :rtype: Finding
    """
    record = (provider._name, provider.id)
    return Finding(code, f"{provider.name}: {name}", level, message, "", record)
