"""Names that more than one file needs, each defined once."""

# === AUTOMATION TRIGGERS === #

TRIGGER_VIEWED = "on_portal_viewed"
TRIGGER_PAYMENT = "on_portal_payment_received"
TRIGGERS = (TRIGGER_VIEWED, TRIGGER_PAYMENT)

# === EVENT KINDS AND OUTCOMES === #

#: What the buttons of the invoice page do.
ACTION_EVENTS = ("downloaded", "printed", "pay_opened")
#: What tells of visitors: removed when the company's time to keep it is over.
VISIT_EVENTS = (
    *("opened", "viewed", "dismissed", "refused", "honeypot"),
    *ACTION_EVENTS,
)
#: The event that records what became of a payment, by outcome.
OUTCOME_EVENTS = {
    "received": "paid",
    "failed": "payment_failed",
    "returned": "payment_returned",
    "disputed": "payment_disputed",
}
#: What is evidence whoever did it.
EVIDENCE_EVENTS = ("sent", *OUTCOME_EVENTS.values())

# === PAYMENT PROVIDERS === #

#: Providers of offline payments, such as wire transfers: they settle nothing by
#: themselves, so that a payment of theirs keeps nobody from paying.
OFFLINE_PROVIDERS = ("none", "custom")

# === CONTEXT KEYS === #

#: The id of the notification whose rule is running.
CONTEXT_NOTIFICATION = "account_payment_portal_notification_id"
#: How a rule notifies staff: a value of `base.automation.portal_delivery`.
CONTEXT_DELIVERY = "account_payment_portal_delivery"
#: Where something is noted at an invoice, or read of it, and no line can change: core
#: would compute each line's counterpart anew, and check that they balance.
NO_LINE_CHANGES = {"skip_invoice_sync": True, "check_move_validity": False}
#: Set while documents are only made to be looked at.
CONTEXT_PREVIEW = "account_payment_portal_preview"
#: Set while documents are made to go with a link, by our report.
CONTEXT_EMAIL = "account_payment_portal_email"
#: Set while a document of our PDF engine is laid out.
CONTEXT_DOCUMENT = "account_payment_portal_document"
#: PDF files that the caller has made already.
CONTEXT_PDF = "account_payment_portal_pdf"
#: The address to print on invoices, or a dict of addresses by record id.
CONTEXT_PAY_URL = "account_payment_portal_pay_url"
#: Set where Odoo's own window to send an invoice is wanted, whatever the company's way.
CONTEXT_CORE_SEND = "account_payment_portal_core_send"
#: Set while an invoice is confirmed by what sends it anyway.
CONTEXT_NO_AUTO_SEND = "account_payment_portal_no_auto_send"
#: The day on which the payment that is being booked was started.
CONTEXT_STARTED_ON = "account_payment_portal_started_on"
#: The id of a payment's line, how much of it is matched now, in its currency, and with
#: which lines of an invoice.
CONTEXT_SHARE = "account_payment_portal_share"
#: How much of its invoices a refund opens again: the amount by the id of the attempt's
#: line.
CONTEXT_REOPENED = "account_payment_portal_reopened"
#: The address that the link of a sample email leads to.
CONTEXT_SAMPLE_URL = "account_payment_portal_sample_url"

# === PAYMENTS THAT NEED STAFF === #

#: Reasons for which the customer has credit, to be refunded or matched.
CREDIT_KINDS = ("overpaid", "cancelled", "changed")

# === EXTERNAL IDS === #

INVOICE_REPORT = "account_payment_portal.action_report_invoice"
STATEMENT_REPORT = "account_payment_portal.action_report_account_statement"
RECEIPT_REPORT = "account_payment_portal.action_report_portal_receipt"
CATCH_UP_CRON = "account_payment_portal.ir_cron_stripe_catch_up"
TODO_ACTION = "account_payment_portal.account_move_portal_todo_action"
TODO_MENU = "account_payment_portal.account_move_portal_todo_menu"
