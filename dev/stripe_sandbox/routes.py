"""All operations of the API in one table."""

from .resources import (
    accounts,
    charges,
    customers,
    disputes,
    events,
    payment_intents,
    payment_methods,
    refunds,
    setup_intents,
    webhook_endpoints,
)

ROUTES = [
    route
    for module in (
        accounts,
        charges,
        customers,
        disputes,
        events,
        payment_intents,
        payment_methods,
        refunds,
        setup_intents,
        webhook_endpoints,
    )
    for route in module.ROUTES
]
