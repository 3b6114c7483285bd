"""What core's payment flow sends to Stripe, put right before it goes.

What has no value is left out: Stripe takes an empty text for an attempt to unset
something, and refuses it where that cannot be (`parameter_invalid_empty`). States go
by their code: https://docs.stripe.com/api/payment_intents/create, `shipping`.
"""

SHIPPING = "shipping[address][{}]"
#: Without these Stripe takes no shipping address.
SHIPPING_REQUIRED = ("shipping[name]", SHIPPING.format("line1"))


def prepare(tx, endpoint, params):
    """Return the parameters of a request as Stripe takes them.

    :param payment.transaction tx: The payment, in sudo mode.
    :param str endpoint: The path below `/v1/`.
    :param dict params: What core would send.
    :rtype: dict
    """
    params = dict(params or {})
    if endpoint == "customers":
        params["address[state]"] = tx.partner_state_id.code
    elif endpoint == "payment_intents":
        partner = _get_shipping_partner(tx)
        params[SHIPPING.format("state")] = partner.state_id.code
        if not all(params.get(name) for name in SHIPPING_REQUIRED):
            params = {
                name: value
                for name, value in params.items()
                if not name.startswith("shipping[")
            }
    return without_empty(params)


def without_empty(value):
    """Return parameters without those that have no value.

    :param value: A dict, a list, or a single value.
    :return: The same without `None`, `False`, empty texts, and what has nothing else.
    """
    if isinstance(value, dict):
        cleaned = {key: without_empty(one) for key, one in value.items()}
        return {key: one for key, one in cleaned.items() if _is_given(one)}
    if isinstance(value, list | tuple):
        return [one for one in map(without_empty, value) if _is_given(one)]
    return value.strip() if isinstance(value, str) else value


def _is_given(value):
    # Odoo's False is an empty text here: none of core's flags is ever sent as off.
    return bool(value) or (value == 0 and value is not False)


def _get_shipping_partner(tx):
    """Return whose address core sends as the one for shipping.

    :param payment.transaction tx: The payment, in sudo mode.
    :rtype: res.partner
    """
    # As in core's `include_shipping_address`; sales orders are another module's.
    orders = tx.sale_order_ids if "sale_order_ids" in tx._fields else None
    return (orders or tx.invoice_ids)[:1].partner_shipping_id
