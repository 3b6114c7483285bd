"""The web page, over HTTP."""

from http.client import HTTPConnection
from types import SimpleNamespace

import pytest

from workbench.mailbox import web

RECIPIENTS = ["buyer@customer.example", "hidden@customer.example"]


@pytest.fixture
def get(mailbox):
    """A function that asks the mailbox's web server for a path."""

    def ask(path, method="GET"):
        connection = HTTPConnection("127.0.0.1", mailbox.http_port, timeout=60)
        connection.request(method, path)
        response = connection.getresponse()
        body = response.read()
        connection.close()
        return SimpleNamespace(
            status=response.status,
            headers=response.headers,
            body=body,
            text=body.decode("utf-8", "replace"),
        )

    return ask


@pytest.fixture
def sent(client, mail):
    """The mail, as sent to a visible and to a hidden recipient."""
    client.send_message(mail, to_addrs=RECIPIENTS)
    return mail


def test_the_list_shows_the_newest_mail_first(get, client):
    assert "No mail yet" in get("/").text
    for subject in ("older", "newer"):
        client.sendmail("a@b.c", ["d@e.f"], f"Subject: {subject}\r\n\r\n")
    page = get("/").text
    assert 0 < page.index("newer") < page.index("older")


def test_a_mail_shows_its_headers_and_the_hidden_recipient(get, sent):
    page = get("/messages/1").text
    for shown in (
        "Søren Salesperson",
        "Invoice INV/1 – 100 €",
        "soren@seller.example",
        "other@customer.example",
        "books@customer.example",
        "INV_1.pdf",
        "Beilage 1.html",
        "<dt>Bcc</dt><dd>hidden@customer.example</dd>",
    ):
        assert shown in page


@pytest.mark.parametrize(
    "query, shown",
    [
        ("", '<iframe class="body"'),
        ("?form=text", "Please pay."),
        ("?form=source", "Content-Disposition: attachment"),
    ],
)
def test_the_forms_of_a_mail(get, sent, query, shown):
    assert shown in get(f"/messages/1{query}").text


def test_a_mail_without_html_opens_as_text(get, client):
    client.sendmail("a@b.c", ["d@e.f"], "Subject: x\r\n\r\nPlain <words>")
    assert "Plain &lt;words&gt;" in get("/messages/1").text
    assert "no HTML part" in get("/messages/1?form=html").text


def test_markup_in_headers_is_only_text(get, client):
    evil = "<script>alert(1)</script>"
    client.sendmail(
        "a@b.c", ["d@e.f"], f"Subject: {evil}\r\nFrom: {evil}\r\n\r\n{evil}"
    )
    for path in ("/", "/messages/1", "/messages/1?form=source"):
        assert evil not in get(path).text


def test_the_body_opens_links_in_a_tab_and_finds_its_images(get, sent):
    body = get("/messages/1/body").text
    assert body.startswith('<!doctype html><html><head><base target="_blank">')
    assert 'src="/messages/1/inline/logo@seller"' in body
    image = get("/messages/1/inline/logo@seller")
    assert (image.body, image.headers["Content-Type"]) == (
        b"\x89PNG-logo",
        "image/png",
    )


@pytest.mark.parametrize(
    "path, wanted",
    [
        ("/", ["frame-ancestors 'none'", "base-uri 'none'"]),
        ("/messages/1", ["default-src 'none'"]),
        ("/messages/1/body", ["sandbox allow-same-origin", "default-src 'none'"]),
        ("/messages/1/attachments/0", ["default-src 'none'"]),
        ("/messages/9", ["default-src 'none'"]),
    ],
)
def test_safe_headers_allow_no_scripts(get, sent, path, wanted):
    headers = get(path).headers
    for directive in wanted:
        assert directive in headers["Content-Security-Policy"]
    assert "script" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"


def test_a_pdf_opens_and_an_attached_page_never_does(get, sent):
    pdf = get("/messages/1/attachments/0")
    assert (pdf.body, pdf.headers["Content-Type"]) == (b"%PDF-1.4", "application/pdf")
    assert pdf.headers["Content-Disposition"] == "inline; filename=INV_1.pdf"
    disposition = get("/messages/1/attachments/1").headers["Content-Disposition"]
    assert disposition == 'attachment; filename="Beilage 1.html"'


def test_the_source_is_what_was_sent(get, sent, mailbox):
    assert get("/messages/1/source").body == mailbox.messages[0].raw


@pytest.mark.parametrize(
    "path",
    [
        "/messages/9",
        "/messages/9/body",
        "/messages/1/attachments/2",
        "/messages/1/inline/nothing",
        "/page.html",
    ],
)
def test_what_does_not_exist_is_not_found(get, sent, path):
    assert get(path).status == 404


def test_nothing_can_be_changed(get):
    assert get("/", method="POST").status == 405


@pytest.mark.parametrize(
    "html, prepared",
    [
        ("<p>x</p>", '<base target="_blank"><p>x</p>'),
        (
            "<!DOCTYPE html>\n<body>x",
            '<!DOCTYPE html>\n<base target="_blank"><body>x',
        ),
        (
            "<html lang='en'><head x>y",
            "<html lang='en'><head x><base target=\"_blank\">y",
        ),
        (
            "<img src='cid:a%20b'>",
            "<base target=\"_blank\"><img src='/messages/7/inline/a%20b'>",
        ),
    ],
)
def test_prepare_body(html, prepared):
    assert web.prepare_body(SimpleNamespace(number=7, html=html)) == prepared
