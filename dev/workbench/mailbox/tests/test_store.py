"""How mails are kept, and how a test waits for them."""

import smtplib
import threading

import pytest

from workbench.mailbox import Mailbox
from workbench.mailbox.store import MessageStore


def add(store, subject, recipient="b@c.example"):
    """Keep a mail of a given subject."""
    return store.add("a@b.example", [recipient], f"Subject: {subject}\r\n\r\n".encode())


def test_wait_for_returns_at_once_what_is_there():
    store = MessageStore()
    add(store, "one")
    assert [m.subject for m in store.wait_for(count=1, timeout=0)] == ["one"]


def test_wait_for_waits_for_the_last_mail():
    store = MessageStore()
    add(store, "one")
    late = threading.Timer(0.05, add, [store, "two"])
    late.start()
    assert [m.subject for m in store.wait_for(count=2)] == ["one", "two"]
    late.join()


def test_wait_for_counts_only_what_the_predicate_accepts():
    store = MessageStore()
    for subject in ("one", "two", "three"):
        add(store, subject)
    found = store.wait_for(predicate=lambda m: "t" in m.subject, count=2, timeout=0)
    assert [m.subject for m in found] == ["two", "three"]


def test_wait_for_says_what_is_there_when_it_gives_up():
    store = MessageStore()
    add(store, "the only one")
    with pytest.raises(TimeoutError, match="1 of 2 mails.*the only one"):
        store.wait_for(count=2, timeout=0.01)


def test_clear_forgets_but_does_not_count_anew():
    store = MessageStore()
    add(store, "one")
    store.clear()
    assert store.all() == []
    assert add(store, "two").number == 2
    assert store.get(1) is None
    assert store.get(2).subject == "two"


def test_the_folder_keeps_mails_over_a_restart(tmp_path):
    first = MessageStore(tmp_path / "mails")
    kept = add(first, "Grüße", "bcc@c.example")
    assert (tmp_path / "mails" / "000001.eml").read_bytes() == kept.raw
    second = MessageStore(tmp_path / "mails")
    [message] = second.all()
    assert message.raw == kept.raw
    assert message.envelope_from == "a@b.example"
    assert message.envelope_to == ["bcc@c.example"]
    assert message.received_at == kept.received_at
    assert add(second, "next").number == 2


def test_a_half_written_mail_is_not_read(tmp_path):
    add(MessageStore(tmp_path), "one")
    (tmp_path / "000002.part").write_bytes(b"Subject: ha")
    (tmp_path / "000002.json").write_text("{")
    assert [m.subject for m in MessageStore(tmp_path).all()] == ["one"]


def test_clear_empties_the_folder(tmp_path):
    store = MessageStore(tmp_path)
    add(store, "one")
    store.clear()
    assert list(tmp_path.iterdir()) == []


def test_a_mail_that_cannot_be_written_is_refused(tmp_path):
    with Mailbox(store=tmp_path / "mails") as mailbox:
        (tmp_path / "mails").rmdir()
        with smtplib.SMTP("127.0.0.1", mailbox.smtp_port, timeout=10) as client:
            with pytest.raises(smtplib.SMTPDataError):
                client.sendmail("a@b.example", ["b@c.example"], "Subject: x\r\n\r\n")
        assert mailbox.messages == []
