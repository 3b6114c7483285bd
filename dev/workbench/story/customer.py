"""What the customer does, on a phone: reads the mail, looks at the invoice, pays it."""

import time
from pathlib import Path

from playwright.sync_api import expect

from . import records
from .step import DESKTOP, expect_that, step

CARD = {"number": "4242 4242 4242 4242", "expiry": "12 / 34", "cvc": "123"}
POSTCODE = "94538"
#: Seconds until a person who touches the page counts as one.
COUNTING_PATIENCE = 40
#: Milliseconds between two touches.
TOUCH_INTERVAL = 1000
#: Milliseconds until a payment has gone to Stripe and back.
PAYMENT_PATIENCE = 30000


@step("The customer finds the mail, the PDF attached", on="customer", also=DESKTOP)
def find_mail(story, page):
    page.goto(story.facts["mailbox_url"])
    mail = page.locator("a.mail").filter(has_text=story.invoice["customer"]["email"])
    expect(mail).to_have_count(1)
    mail.tap()
    attachments = page.get_by_role("list", name="Attachments")
    expect(attachments.get_by_role("listitem")).to_contain_text([".pdf"])


@step("It names the invoice and has a View & Pay Invoice button", on="customer")
def read_mail(story, page):
    letter = page.frame_locator("iframe.body")
    expect(letter.locator("body")).to_contain_text(story.invoice["name"])
    view_button(page).scroll_into_view_if_needed()
    expect(view_button(page)).to_be_in_viewport()
    frame = page.locator("iframe.body").element_handle().content_frame()
    overflow = frame.evaluate("document.documentElement.scrollWidth - innerWidth")
    expect_that(overflow <= 0, f"The mail is {overflow} px wider than the screen")


@step("The button leads to the invoice", on="customer", also=DESKTOP)
def view_invoice(story, page):
    with page.expect_popup() as opened:
        view_button(page).tap()
    page = story.pages["customer"] = opened.value
    number = story.invoice["name"]
    expect(page.get_by_role("heading", level=1)).to_contain_text(number)
    total = f"{story.invoice['amount_total']:,.2f}"
    for fact in ("#invoice_total", "#balance_due"):
        expect(page.locator(fact)).to_contain_text(total)
    expect(page.locator("#due_date")).to_be_visible()
    expect(document(page)).to_contain_text(number)


@step("Who reads it is counted as a viewer", on="customer")
def be_counted(story, page):
    # In the first seconds after the sending, visits are taken for a mail scanner's.
    end = time.monotonic() + COUNTING_PATIENCE
    while not records.count_views(story.client, story.invoice):
        expect_that(time.monotonic() < end, "One view of the invoice expected")
        page.get_by_role("heading", level=1).tap()
        page.wait_for_timeout(TOUCH_INTERVAL)


@step("Print prints the invoice, not the page around it", on="customer")
def print_invoice(story, page):
    # A headless browser has no print dialog: what would be printed is noted.
    page.evaluate(
        """() => {
            const frame = document.getElementById("invoice_document").contentWindow;
            frame.print = () => { window.printed = frame.location.pathname; };
            window.print = () => { window.printed = window.location.pathname; };
        }"""
    )
    page.get_by_role("link", name="Print").tap()
    printed = page.wait_for_function("window.printed").json_value()
    expect_that(
        printed.endswith("/document"), f"The document expected, printed was {printed}"
    )


@step("Download saves the PDF under a sensible name", on="customer")
def download_invoice(story, page):
    with page.expect_download() as started:
        page.get_by_role("link", name="Download").tap()
    name, path = started.value.suggested_filename, started.value.path()
    number = story.invoice["name"].replace("/", "_")
    expect_that(
        number in name and name.endswith(".pdf"),
        f"A .pdf with {number} in its name expected, it is {name!r}",
    )
    expect_that(Path(path).read_bytes().startswith(b"%PDF-"), "A PDF file expected")


@step("Pay Now opens the payment screen", on="customer", also=DESKTOP)
def open_payment(story, page):
    page.get_by_role("link", name="Pay Now").tap()
    total = f"{story.invoice['amount_total']:,.2f}"
    expect(page.locator("#balance_due")).to_contain_text(total)
    expect(page.locator("#billing_name")).not_to_have_value("")


@step("The card is entered in Stripe's own frame", on="customer")
def enter_card(story, page):
    page.get_by_text("Credit Card", exact=True).tap()
    fields = card_fields(page)
    for name, value in CARD.items():
        fields.locator(f"[name='{name}']").fill(value)
    postcode = fields.locator("[name='postalCode']")
    if postcode.count():
        postcode.fill(POSTCODE)
    expect(page.get_by_role("button", name="Pay", exact=True)).to_be_enabled()


@step("The answer: paid", on="customer", also=DESKTOP)
def pay(story, page):
    page.get_by_role("button", name="Pay", exact=True).tap()
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "Thank you, your payment was received", timeout=PAYMENT_PATIENCE
    )
    expect(page.get_by_role("status")).to_contain_text("fully paid")


@step("The invoice page says so, and asks for no more money", on="customer")
def see_invoice_paid(story, page):
    page.get_by_role("link", name="Back to the invoice").tap()
    expect(page.get_by_role("status")).to_contain_text("Paid")
    expect(page.locator("#balance_due")).to_contain_text("0.00")
    expect(page.get_by_role("link", name="Pay Now")).to_have_count(0)
    expect(document(page)).to_contain_text(story.invoice["name"])


def view_button(page):
    """The button of the mail."""
    return page.frame_locator("iframe.body").get_by_role(
        "link", name="View & Pay Invoice"
    )


def document(page):
    """The invoice itself, in its frame."""
    return page.frame_locator("#invoice_document").locator("body")


def card_fields(page):
    """The frame that the payment provider's script puts the card's fields into."""
    return page.frame_locator("[name='o_stripe_element_container'] iframe").first
