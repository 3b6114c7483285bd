"""What staff does, at a desk: sends the link, and later finds the invoice paid."""

import re

from playwright.sync_api import expect

from . import records
from .step import PHONE, expect_that, step

#: Milliseconds until the web client appears: a new database has to build it first.
FIRST_PATIENCE = 60000


def show_invoice(story, page):
    """Open the invoice in the back office."""
    page.goto(story.odoo(f"/odoo/customer-invoices/{story.invoice['id']}"))
    title = page.locator(".o_form_view").get_by_text(story.invoice["name"], exact=True)
    expect(title.first).to_be_visible()


def window(page):
    """The Email Payment Portal Link window."""
    return page.get_by_role("dialog").filter(has_text="Email Payment Portal Link")


@step("Staff logs in", on="staff")
def log_in(story, page):
    page.goto(story.odoo("/web/login"))
    page.get_by_label("Email").fill(story.salesperson["login"])
    page.get_by_label("Password", exact=True).fill(story.salesperson["password"])
    page.get_by_role("button", name="Log in", exact=True).click()
    expect(page.locator(".o_main_navbar")).to_be_visible(timeout=FIRST_PATIENCE)


@step("An open invoice offers Email Portal Link in its header", on="staff")
def open_invoice(story, page):
    show_invoice(story, page)
    button = page.locator(".o_statusbar_buttons").get_by_role("button")
    expect(button.filter(has_text="Email Portal Link")).to_be_visible()


@step("The cog menu offers it, too", on="staff")
def open_cog_menu(story, page):
    page.get_by_role("button", name="Actions menu").click()
    expect(page.get_by_role("menuitem", name="Email Portal Link")).to_be_visible()


@step("It opens the window, filled in for this customer", on="staff", also=PHONE)
def open_window(story, page):
    page.get_by_role("menuitem", name="Email Portal Link").click()
    form = window(page)
    customer = story.invoice["customer"]
    expect(form.locator("[name='email_to']")).to_contain_text(customer["name"])
    # An input's text is its value, which a search for text does not find.
    subject = form.locator("[name='subject'] input").input_value()
    number = story.invoice["name"]
    expect_that(number in subject, f"{number} expected in Subject, found {subject!r}")
    expect(form.locator("[name='body']")).to_contain_text(number)
    preview = form.get_by_role("region", name="Email preview")
    expect(preview).to_contain_text(customer["email"])
    expect(preview).to_contain_text(".pdf")
    mail = preview.frame_locator("iframe").get_by_role(
        "link", name="View & Pay Invoice"
    )
    expect(mail).to_be_visible()


@step("Send says to whom the link was sent", on="staff")
def send(story, page):
    window(page).get_by_role("button", name="Send", exact=True).click()
    told = page.locator(".o_notification")
    expect(told).to_contain_text("Payment portal link sent")
    expect(told).to_contain_text(story.invoice["customer"]["email"])
    expect(window(page)).to_have_count(0)


@step("Back in Odoo the invoice is paid", on="staff")
def see_invoice_paid(story, page):
    show_invoice(story, page)
    ribbon = page.locator(".ribbon:visible")
    expect(ribbon).to_have_text(re.compile("^(Paid|In Payment)$", re.I))
    state = records.payment_state(story.client, story.invoice)
    expect_that(state in ("paid", "in_payment"), f"Paid expected, it is {state}")


@step("The salesperson's inbox tells of the view and of the payment", on="staff")
def read_notifications(story, page):
    page.goto(story.odoo("/odoo/discuss?active_id=mail.box_inbox"))
    about = page.locator(".o-mail-Message").filter(has_text=story.invoice["name"])
    expect(about).to_have_count(2)
    expect(about.filter(has_text="viewed invoice")).to_have_count(1)
    expect(about.filter(has_text="has paid")).to_have_count(1)
