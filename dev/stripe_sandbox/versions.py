"""API versions: which are known, and what an older one shows differently.

Sources: Stripe's changelog (https://docs.stripe.com/changelog).
"""

import stripe

from . import schema

CURRENT = stripe.api_version

# Until 2022-11-15 a PaymentIntent lists its charges and a charge its refunds.
CHARGES_ON_INTENT_UNTIL = "2022-11-15"
# Until 2020-08-27 a customer carries its sources, subscriptions and tax ids.
LISTS_ON_CUSTOMER_UNTIL = "2020-08-27"
# From 2023-08-16 on, an intent without types uses automatic payment methods.
AUTOMATIC_METHODS_SINCE = "2023-08-16"
# From 2024-04-10 on, capture_method defaults to automatic_async.
ASYNC_CAPTURE_SINCE = "2024-04-10"
# Until basil, payments point at their invoice.
INVOICE_ON_PAYMENT_UNTIL = "2025-03-31"
# allowed_payment_method_types appeared in a Dahlia release.
ALLOWED_TYPES_SINCE = "2026-07-29"
# Endive removed the payment_method_types parameter.
METHOD_TYPES_PARAM_UNTIL = "2026-09-30"


def known():
    """Return every version that Stripe has, from the SDK's description."""
    create = schema.fields(schema.params_class("webhook_endpoint_create"))
    return create["api_version"][1].literals


def before(version, release):
    """Tell whether a version is older than a release date.

    :param str version: such as ``2019-05-16`` or ``2026-10-28.endive``.
    :param str release: a date.
    """
    return version[:10] < release


def legacy_fields(operation):
    """Return the parameters that only versions before endive have.

    :param str operation: in the SDK's words, such as ``payment_intent_create``.
    """
    known_fields = schema.fields(schema.params_class(operation))
    # A client of an older version knows the older name itself.
    renamed = known_fields.get("allowed_payment_method_types")
    return {"payment_method_types": renamed} if renamed else {}
