"""What the mailbox's tests share."""

import smtplib
from email.message import EmailMessage

import pytest

from workbench.mailbox import Mailbox

TIMEOUT = 60


@pytest.fixture
def mailbox():
    """A running mailbox with a web page."""
    with Mailbox(http_port=0) as running:
        yield running


@pytest.fixture
def client(mailbox):
    """An SMTP client connected to the mailbox."""
    with smtplib.SMTP("127.0.0.1", mailbox.smtp_port, timeout=TIMEOUT) as connected:
        yield connected


@pytest.fixture
def mail():
    """A mail with both bodies, an image that the HTML shows, and two files."""
    message = EmailMessage()
    message["From"] = "Søren Salesperson <soren@seller.example>"
    message["To"] = '"Buyer, Inc." <buyer@customer.example>, other@customer.example'
    message["Cc"] = "books@customer.example"
    message["Subject"] = "Invoice INV/1 – 100 €"
    message.set_content("Please pay.\n")
    message.add_alternative(
        "<!doctype html><html><head><title>No</title></head><body>"
        '<img src="cid:logo@seller"><p>Please <a href="http://127.0.0.1/pay?a=1&amp;b">'
        "View &amp; Pay</a>.</p></body></html>",
        subtype="html",
    )
    html = message.get_payload()[1]
    html.add_related(b"\x89PNG-logo", "image", "png", cid="<logo@seller>")
    message.add_attachment(b"%PDF-1.4", "application", "pdf", filename="INV_1.pdf")
    message.add_attachment("<b>é</b>", "html", filename="Beilage 1.html")
    return message
