"""The web page and the API, over HTTP."""

import json
from datetime import datetime, timedelta, timezone
from http.client import HTTPConnection
from types import SimpleNamespace

import pytest

from workbench.mailbox import view

RECIPIENTS = ["buyer@customer.example", "hidden@customer.example"]


@pytest.fixture
def get(mailbox):
    """A function that asks the mailbox's web server for a path."""

    def ask(path, method="GET"):
        connection = HTTPConnection("127.0.0.1", mailbox.http_port, timeout=10)
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


def test_the_empty_inbox(get):
    page = get("/")
    assert page.status == 200
    assert "No mail yet" in page.text


def test_the_list_shows_a_mail(get, sent):
    page = get("/").text
    for shown in ("Søren Salesperson", "Invoice INV/1 – 100 €", "With attachments"):
        assert shown in page
    assert "hidden@customer.example" not in page


def test_the_newest_mail_comes_first(get, client):
    for subject in ("older", "newer"):
        client.sendmail("a@b.c", ["d@e.f"], f"Subject: {subject}\r\n\r\n")
    page = get("/list").text
    assert page.index("newer") < page.index("older")


def test_a_mail_shows_its_headers_and_the_hidden_recipient(get, sent):
    page = get("/messages/1").text
    for shown in (
        "soren@seller.example",
        "Buyer, Inc.",
        "other@customer.example",
        "books@customer.example",
        "INV_1.pdf",
        "Beilage 1.html",
    ):
        assert shown in page
    hidden = page.index("hidden@customer.example")
    assert "Bcc</abbr>" in page[hidden : hidden + 200]
    assert page.count("Bcc</abbr>") == 1


def test_the_list_marks_the_mail_that_is_read(get, sent):
    assert 'aria-current="page"' in get("/list?selected=1").text
    assert 'aria-current="page"' not in get("/list?selected=").text


@pytest.mark.parametrize(
    "query, shown",
    [
        ("", 'class="body desktop"'),
        ("?width=phone", 'class="body phone"'),
        ("?tab=nonsense&width=nonsense", 'class="body desktop"'),
        ("?tab=text", "Please pay."),
        ("?tab=source", "Content-Disposition: attachment"),
    ],
)
def test_the_forms_of_a_mail(get, sent, query, shown):
    assert shown in get(f"/messages/1{query}").text


def test_a_mail_without_html_opens_as_text(get, client):
    client.sendmail("a@b.c", ["d@e.f"], "Subject: x\r\n\r\nPlain <words>")
    assert "Plain &lt;words&gt;" in get("/messages/1").text
    assert "no HTML part" in get("/messages/1?tab=html").text


def test_markup_in_headers_is_only_text(get, client):
    evil = "<script>alert(1)</script>"
    client.sendmail(
        "a@b.c", ["d@e.f"], f"Subject: {evil}\r\nFrom: {evil}\r\n\r\n{evil}"
    )
    for path in ("/", "/list", "/messages/1", "/messages/1?tab=source"):
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
        ("/", ["script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"]),
        ("/messages/1", ["script-src 'self'", "default-src 'none'"]),
        ("/messages/1/body", ["sandbox allow-same-origin", "default-src 'none'"]),
        ("/messages/1/attachments/0", ["default-src 'none'"]),
        ("/api/messages", ["default-src 'none'"]),
        ("/messages/9", ["default-src 'none'"]),
    ],
)
def test_safe_headers(get, sent, path, wanted):
    headers = get(path).headers
    for directive in wanted:
        assert directive in headers["Content-Security-Policy"]
    assert "unsafe-eval" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"


def test_the_body_allows_no_scripts(get, sent):
    policy = get("/messages/1/body").headers["Content-Security-Policy"]
    assert "script" not in policy
    page = get("/messages/1").text
    assert 'sandbox="allow-same-origin allow-popups allow-popups-to' in page


def test_a_pdf_opens_and_any_attachment_can_be_downloaded(get, sent):
    pdf = get("/messages/1/attachments/0")
    assert (pdf.body, pdf.headers["Content-Type"]) == (b"%PDF-1.4", "application/pdf")
    assert pdf.headers["Content-Disposition"] == "inline; filename=INV_1.pdf"
    saved = get("/messages/1/attachments/0?download=1")
    assert saved.headers["Content-Disposition"] == "attachment; filename=INV_1.pdf"


def test_an_attached_page_is_never_opened(get, sent):
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
        "/static/../web.py",
        "/static/nothing.css",
        "/nothing",
    ],
)
def test_what_does_not_exist_is_not_found(get, sent, path):
    page = get(path)
    assert page.status == 404
    assert "Back to the inbox" in page.text


def test_nothing_can_be_changed(get):
    assert get("/", method="POST").status == 405
    assert get("/api/messages", method="DELETE").status == 405


def test_the_api_lists_mails(get, sent, mailbox):
    [listed] = json.loads(get("/api/messages").text)
    assert listed["id"] == 1
    assert listed["from"] == "soren@seller.example"
    assert listed["to"] == ["buyer@customer.example", "other@customer.example"]
    assert listed["cc"] == ["books@customer.example"]
    assert listed["envelope_to"] == RECIPIENTS
    assert listed["subject"] == "Invoice INV/1 – 100 €"
    assert listed["received_at"] == mailbox.messages[0].received_at.isoformat()
    assert [a["name"] for a in listed["attachments"]] == ["INV_1.pdf", "Beilage 1.html"]
    assert get(listed["attachments"][0]["url"]).body == b"%PDF-1.4"


def test_the_api_lists_only_what_is_new(get, client):
    for subject in ("one", "two", "three"):
        client.sendmail("a@b.c", ["d@e.f"], f"Subject: {subject}\r\n\r\n")
    newer = json.loads(get("/api/messages?after=2").text)
    assert [message["subject"] for message in newer] == ["three"]


def test_the_api_shows_a_mail(get, sent):
    shown = json.loads(get("/api/messages/1").text)
    assert shown["bcc"] == ["hidden@customer.example"]
    assert shown["text"] == "Please pay.\n"
    assert shown["links"][0]["href"] == "http://127.0.0.1/pay?a=1&b"
    assert ["Cc", "books@customer.example"] in shown["headers"]
    assert get(shown["source_url"]).status == 200


def test_the_api_says_not_found_in_json(get):
    answer = get("/api/messages/9")
    assert answer.status == 404
    assert "error" in json.loads(answer.text)


# === FORMATS === #

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=timezone(timedelta(hours=2)))


@pytest.mark.parametrize(
    "moment, shown",
    [
        (NOON - timedelta(hours=3), "09:00"),
        (datetime(2026, 3, 3, 23, 30, tzinfo=timezone.utc), "01:30"),
        (datetime(2026, 3, 3, 21, 30, tzinfo=timezone.utc), "3 Mar"),
        (datetime(2025, 12, 31, 12, 0, tzinfo=timezone.utc), "31 Dec 2025"),
    ],
)
def test_format_time(moment, shown):
    assert view.format_time(moment, NOON) == shown


@pytest.mark.parametrize(
    "size, shown",
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1 KB"),
        (12_499, "12 KB"),
        (3_400_000, "3.4 MB"),
    ],
)
def test_format_size(size, shown):
    assert view.format_size(size) == shown


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
    assert view.prepare_body(SimpleNamespace(number=7, html=html)) == prepared
