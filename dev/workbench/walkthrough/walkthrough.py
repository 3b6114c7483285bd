"""The steps of the story, in their order; the first that fails ends it."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from workbench.walkthrough import records

CARD = {"number": "4242 4242 4242 4242", "expiry": "12 / 34", "cvc": "123"}
POSTCODE = "94538"
#: Milliseconds until the web client appears: a new database has to build it first.
FIRST_PATIENCE = 180000
#: How often the customer touches the page, and the milliseconds between two touches.
TOUCHES, TOUCH_INTERVAL = 120, 1000


def test_log_in(story, staff):
    """Staff logs in."""
    staff.goto(story.facts["odoo_url"] + "/web/login")
    staff.get_by_label("Email").fill(story.salesperson["login"])
    staff.get_by_label("Password", exact=True).fill(story.salesperson["password"])
    staff.get_by_role("button", name="Log in", exact=True).click()
    expect(staff.locator(".o_main_navbar")).to_be_visible(timeout=FIRST_PATIENCE)


def test_open_invoice(story, staff):
    """An open invoice offers Email Portal Link in its header."""
    show_invoice(story, staff)
    button = staff.locator(".o_statusbar_buttons").get_by_role("button")
    expect(button.filter(has_text="Email Portal Link")).to_be_visible()


def test_open_cog_menu(story, staff):
    """The cog menu offers it, too."""
    staff.get_by_role("button", name="Actions menu").click()
    expect(staff.get_by_role("menuitem", name="Email Portal Link")).to_be_visible()


@pytest.mark.both_sizes
def test_open_window(story, staff):
    """It opens the window, filled in for this customer."""
    staff.get_by_role("menuitem", name="Email Portal Link").click()
    form = window(staff)
    customer = story.invoice["customer"]
    expect(form.locator("[name='email_to']")).to_contain_text(customer["name"])
    # An input's text is its value, which a search for text does not find.
    subject = form.locator("[name='subject'] input").input_value()
    number = story.invoice["name"]
    assert number in subject
    expect(form.locator("[name='body']")).to_contain_text(number)
    preview = form.get_by_role("region", name="Email preview")
    expect(preview).to_contain_text(customer["email"])
    expect(preview).to_contain_text(".pdf")
    mail = preview.frame_locator("iframe").get_by_role(
        "link", name="View & Pay Invoice"
    )
    expect(mail).to_be_visible()


def test_send(story, staff):
    """Send says to whom the link was sent."""
    window(staff).get_by_role("button", name="Send", exact=True).click()
    told = staff.get_by_role("dialog")
    expect(told).to_contain_text("Invoice Sent")
    expect(told).to_contain_text(story.invoice["customer"]["email"])
    told.locator("footer").get_by_role("button", name="Close").click()
    expect(told).to_have_count(0)
    expect(window(staff)).to_have_count(0)


@pytest.mark.both_sizes
def test_find_mail(story, customer):
    """The customer finds the mail, the PDF attached."""
    customer.goto(story.facts["mailbox_url"])
    mail = customer.locator("a.mail").filter(
        has_text=story.invoice["customer"]["email"]
    )
    expect(mail).to_have_count(1)
    mail.tap()
    attachments = customer.get_by_role("list", name="Attachments")
    expect(attachments.get_by_role("listitem")).to_contain_text([".pdf"])


def test_read_mail(story, customer):
    """It names the invoice and has a View & Pay Invoice button."""
    letter = customer.frame_locator("iframe.body")
    expect(letter.locator("body")).to_contain_text(story.invoice["name"])
    view_button(customer).scroll_into_view_if_needed()
    expect(view_button(customer)).to_be_in_viewport()
    frame = customer.locator("iframe.body").element_handle().content_frame()
    overflow = frame.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert overflow <= 0, f"The mail is {overflow} px wider than the screen"


@pytest.mark.both_sizes
def test_view_invoice(story, customer):
    """The button leads to the invoice."""
    with customer.expect_popup() as opened:
        view_button(customer).tap()
    customer = story.pages["customer"] = opened.value
    number = story.invoice["name"]
    expect(customer.get_by_role("heading", level=1)).to_contain_text(number)
    total = f"{story.invoice['amount_total']:,.2f}"
    for fact in ("#invoice_total", "#balance_due"):
        expect(customer.locator(fact)).to_contain_text(total)
    expect(customer.locator("#due_date")).to_be_visible()
    expect(document(customer)).to_contain_text(number)


def test_be_counted(story, customer):
    """Who reads it is counted as a viewer."""
    # In the first seconds after the sending, visits are taken for a mail scanner's.
    for _touch in range(TOUCHES):
        if records.count_views(story.client, story.invoice):
            break
        customer.get_by_role("heading", level=1).tap()
        customer.wait_for_timeout(TOUCH_INTERVAL)
    assert records.count_views(story.client, story.invoice) == 1


def test_print_invoice(story, customer):
    """Print prints the invoice, not the page around it."""
    # A headless browser has no print dialog: what would be printed is noted.
    customer.evaluate(
        """() => {
            const frame = document.getElementById("invoice_document").contentWindow;
            frame.print = () => { window.printed = frame.location.pathname; };
            window.print = () => { window.printed = window.location.pathname; };
        }"""
    )
    customer.get_by_role("link", name="Print").tap()
    printed = customer.wait_for_function("window.printed").json_value()
    assert printed.endswith("/document")


def test_download_invoice(story, customer):
    """Download saves the PDF under a sensible name."""
    with customer.expect_download() as started:
        customer.get_by_role("link", name="Download").tap()
    name, path = started.value.suggested_filename, started.value.path()
    number = story.invoice["name"].replace("/", "_")
    assert number in name and name.endswith(".pdf")
    assert Path(path).read_bytes().startswith(b"%PDF-")


@pytest.mark.both_sizes
def test_open_payment(story, customer):
    """Pay Now opens the payment screen."""
    customer.get_by_role("link", name="Pay Now").tap()
    total = f"{story.invoice['amount_total']:,.2f}"
    expect(customer.locator("#balance_due")).to_contain_text(total)
    expect(customer.locator("#billing_line")).to_contain_text(
        story.invoice["customer"]["name"]
    )


def test_enter_card(story, customer):
    """The card is entered in Stripe's own frame."""
    customer.get_by_text("Credit Card", exact=True).tap()
    fields = card_fields(customer)
    for name, value in CARD.items():
        fields.locator(f"[name='{name}']").fill(value)
    postcode = fields.locator("[name='postalCode']")
    if postcode.count():
        postcode.fill(POSTCODE)
    expect(customer.get_by_role("button", name="Pay")).to_be_enabled()


@pytest.mark.both_sizes
def test_pay(story, customer):
    """The answer: paid."""
    customer.get_by_role("button", name="Pay").tap()
    expect(customer.get_by_role("heading", level=1)).to_have_text(
        "Thank you, your payment was received", timeout=FIRST_PATIENCE
    )
    expect(customer.get_by_role("status")).to_contain_text("fully paid")


def test_see_page_paid(story, customer):
    """The invoice page says so, and asks for no more money."""
    customer.get_by_role("link", name="Back to the invoice").tap()
    expect(customer.get_by_role("status")).to_contain_text("Paid")
    expect(customer.locator("#balance_due")).to_contain_text("0.00")
    expect(customer.get_by_role("link", name="Pay Now")).to_have_count(0)
    expect(document(customer)).to_contain_text(story.invoice["name"])


def test_see_invoice_paid(story, staff):
    """Back in Odoo the invoice is paid."""
    show_invoice(story, staff)
    ribbon = staff.locator(".ribbon:visible")
    expect(ribbon).to_have_text(re.compile("^(Paid|In Payment)$", re.I))
    state = records.payment_state(story.client, story.invoice)
    assert state in ("paid", "in_payment")


def test_read_notifications(story, staff):
    """The salesperson's inbox tells of the view and of the payment."""
    staff.goto(story.facts["odoo_url"] + "/odoo/discuss?active_id=mail.box_inbox")
    about = staff.locator(".o-mail-Message").filter(has_text=story.invoice["name"])
    expect(about).to_have_count(2)
    expect(about.filter(has_text="viewed invoice")).to_have_count(1)
    expect(about.filter(has_text=re.compile(r" paid .* for invoice "))).to_have_count(1)


def show_invoice(story, page):
    """Open the invoice in the back office."""
    page.goto(
        story.facts["odoo_url"] + f"/odoo/customer-invoices/{story.invoice['id']}"
    )
    title = page.locator(".o_form_view").get_by_text(story.invoice["name"], exact=True)
    expect(title.first).to_be_visible()


def window(page):
    """The Email Payment Portal Link window."""
    return page.get_by_role("dialog").filter(has_text="Email Payment Portal Link")


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
