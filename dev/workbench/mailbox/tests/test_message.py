"""One mail as a mail program reads it."""

from datetime import datetime, timezone
from email.message import EmailMessage

import pytest

from workbench.mailbox import Message

NOW = datetime(2026, 3, 4, 5, 6, tzinfo=timezone.utc)


def read(raw, envelope_to=("buyer@customer.example",)):
    """Return a mail of some bytes."""
    return Message(1, "soren@seller.example", envelope_to, raw, NOW)


def test_headers(mail):
    message = read(mail.as_bytes())
    assert message.subject == "Invoice INV/1 – 100 €"
    assert message.sender == ("Søren Salesperson", "soren@seller.example")
    assert message.to == ["buyer@customer.example", "other@customer.example"]
    assert message.addresses("To")[0].name == "Buyer, Inc."
    assert message.cc == ["books@customer.example"]


def test_bcc_is_who_only_the_envelope_names(mail):
    envelope = ["BUYER@customer.example", "hidden@customer.example"]
    assert read(mail.as_bytes(), envelope).bcc == ["hidden@customer.example"]


def test_bodies(mail):
    message = read(mail.as_bytes())
    assert message.text == "Please pay.\n"
    assert message.html.startswith("<!doctype html>")
    pay_link = {"href": "http://127.0.0.1/pay?a=1&b", "text": "View & Pay"}
    assert message.links == [pay_link]


def test_attachments_leave_out_bodies_and_shown_images(mail):
    message = read(mail.as_bytes())
    assert message.attachments == [
        ("INV_1.pdf", "application/pdf", b"%PDF-1.4"),
        ("Beilage 1.html", "text/html", "<b>é</b>\n".encode()),
    ]
    assert message.inline_part("logo@seller").content == b"\x89PNG-logo"
    assert message.inline_part("other@seller") is None


def test_an_image_that_no_html_shows_is_an_attachment():
    message = EmailMessage()
    message.set_content("<p>Nothing to see</p>", subtype="html")
    message.add_related(b"\x89PNG-logo", "image", "png", cid="<logo@seller>")
    [image] = read(message.as_bytes()).attachments
    assert image == ("unnamed.png", "image/png", b"\x89PNG-logo")


def test_an_attached_mail_is_one_attachment(mail):
    outer = EmailMessage()
    outer["Subject"] = "Fwd"
    outer.set_content("See below.")
    outer.add_attachment(mail)
    message = read(outer.as_bytes())
    [attached] = message.attachments
    assert (attached.name, attached.type) == ("message.eml", "message/rfc822")
    assert read(attached.content).subject == mail["Subject"]
    assert message.text == "See below.\n"


@pytest.mark.parametrize(
    "content_type, body, text",
    [
        (b"text/plain; charset=iso-8859-15", b"\xa4", "€"),
        (b"text/plain; charset=klingon", "€".encode(), "€"),
        (b"text/plain; charset=utf-8", b"ok \xff", "ok \ufffd"),
        (b"text/plain", "naïve".encode(), "naïve"),
    ],
)
def test_text_is_decoded_also_when_its_charset_is_wrong(content_type, body, text):
    assert read(b"Content-Type: " + content_type + b"\r\n\r\n" + body).text == text


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\r\n",
        b"no header at all",
        b"Subject: \xff\xfe\r\nFrom: \xe9 <\xe9@\xe9>\r\nTo: ,,<>,@\r\n\r\n",
        b"Content-Type: multipart/mixed\r\n\r\nno boundary",
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n",
        b"Content-Type: message/rfc822\r\n\r\n",
        b"Content-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n!",
        b"Content-Type: text/html\r\n\r\n<a href=x><a <p <!-- <style>",
    ],
)
def test_a_broken_mail_can_still_be_read(raw):
    message = read(raw)
    texts = [message.subject, *message.sender, *message.to, message.text, message.html]
    texts += [name for name, _type, _bytes in message.attachments]
    "".join(texts).encode()  # raises if an undecodable byte was left in
    assert message.raw == raw
