"""The SMTP side: what is accepted, what is refused and how, seen by smtplib."""

import smtplib
import socket
import threading
import time
from email.message import EmailMessage

import pytest

from workbench.mailbox import Mailbox
from workbench.mailbox.behaviour import Rate

SENDER, BUYER, OTHER = "soren@seller.example", "buyer@c.example", "other@c.example"
MAIL = b"From: soren@seller.example\r\nSubject: Hello\r\n\r\nGood day.\r\n.dot\r\n"


def send(mailbox, recipients=(BUYER,), content=MAIL, sender=SENDER):
    """Send one mail on a connection of its own.

    :return: the refused recipients with their replies
    :rtype: dict
    """
    with smtplib.SMTP("127.0.0.1", mailbox.smtp_port, timeout=60) as client:
        return client.sendmail(sender, list(recipients), content)


def test_keeps_exactly_what_was_sent(mailbox):
    assert send(mailbox, [BUYER, OTHER]) == {}
    [message] = mailbox.messages
    assert message.raw == MAIL
    assert message.envelope_from == SENDER
    assert message.envelope_to == [BUYER, OTHER]
    assert message.subject == "Hello"


def test_several_mails_on_one_connection(mailbox, client):
    for number in range(3):
        client.sendmail(SENDER, [BUYER], b"Subject: %d\r\n\r\nx\r\n" % number)
    assert [message.subject for message in mailbox.messages] == ["0", "1", "2"]
    assert [message.number for message in mailbox.messages] == [1, 2, 3]


def test_accepts_utf8_addresses(mailbox, client):
    message = EmailMessage()
    message["From"], message["To"] = "søren@seller.example", "jürgen@kunde.example"
    message.set_content("Guten Tag")
    client.send_message(message)
    assert mailbox.messages[0].envelope_to == ["jürgen@kunde.example"]
    assert mailbox.messages[0].to == ["jürgen@kunde.example"]


def test_accepts_a_bounce_with_an_empty_sender(mailbox):
    send(mailbox, sender="")
    assert mailbox.messages[0].envelope_from == ""


@pytest.mark.parametrize(
    "pattern", [BUYER, "BUYER@C.example", "*@c.example", "buyer@*"]
)
def test_refuses_a_recipient(mailbox, pattern):
    mailbox.behave(refuse_recipients={pattern: (550, "5.1.1 No such user")})
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        send(mailbox)
    assert refused.value.recipients == {BUYER: (550, b"5.1.1 No such user")}
    assert mailbox.messages == []


def test_a_refused_recipient_does_not_keep_the_others_from_theirs(mailbox):
    mailbox.behave(refuse_recipients={BUYER: (451, "Greylisted")})
    assert send(mailbox, [BUYER, OTHER]) == {BUYER: (451, b"Greylisted")}
    assert mailbox.messages[0].envelope_to == [OTHER]


@pytest.mark.parametrize("refusal", [(553, "Not you"), {SENDER: (553, "Not you")}])
def test_refuses_a_sender(mailbox, refusal):
    mailbox.behave(refuse_sender=refusal)
    with pytest.raises(smtplib.SMTPSenderRefused) as refused:
        send(mailbox)
    assert (refused.value.smtp_code, refused.value.smtp_error) == (553, b"Not you")
    assert mailbox.messages == []


def test_accepts_a_sender_that_no_pattern_matches(mailbox):
    mailbox.behave(refuse_sender={"*@spam.example": (553, "Not you")})
    send(mailbox)
    assert len(mailbox.messages) == 1


def test_refuses_the_content(mailbox):
    mailbox.behave(refuse_data=(552, "too big"))
    with pytest.raises(smtplib.SMTPDataError) as refused:
        send(mailbox)
    assert (refused.value.smtp_code, refused.value.smtp_error) == (552, b"too big")
    assert mailbox.messages == []


def test_size_limit_is_announced_and_kept(mailbox):
    mailbox.behave(max_size=1000)
    with pytest.raises(smtplib.SMTPSenderRefused) as refused:
        send(mailbox, content=MAIL + b"x" * 70 + b"\r\n" * 1000)
    assert refused.value.smtp_code == 552
    assert send(mailbox) == {}
    assert len(mailbox.messages) == 1


def test_size_limit_holds_for_a_client_that_does_not_tell_its_size(mailbox):
    mailbox.behave(max_size=100)
    with smtplib.SMTP("127.0.0.1", mailbox.smtp_port, timeout=60) as client:
        client.helo()
        client.mail(SENDER)
        client.rcpt(BUYER)
        code, _text = client.data(MAIL + b"x" * 100)
    assert code == 552
    assert mailbox.messages == []


def test_requires_a_login(mailbox):
    mailbox.behave(require_auth=("odoo", "pässword"))
    with pytest.raises(smtplib.SMTPSenderRefused) as refused:
        send(mailbox)
    assert refused.value.smtp_code == 530
    with smtplib.SMTP("127.0.0.1", mailbox.smtp_port, timeout=60) as client:
        with pytest.raises(smtplib.SMTPAuthenticationError):
            client.login("odoo", "guess")
    assert mailbox.messages == []


@pytest.mark.parametrize("mechanism", ["auth_plain", "auth_login"])
def test_accepts_a_login(mailbox, mechanism):
    mailbox.behave(require_auth=("odoo", "secret"))
    with smtplib.SMTP("127.0.0.1", mailbox.smtp_port, timeout=60) as client:
        client.ehlo()
        client.user, client.password = "odoo", "secret"
        name = mechanism.removeprefix("auth_").upper()
        client.auth(name, getattr(client, mechanism))
        client.sendmail(SENDER, [BUYER], MAIL)
    assert len(mailbox.messages) == 1


def test_offers_no_login_where_none_is_needed(mailbox, client):
    client.ehlo()
    assert not client.has_extn("auth")


@pytest.mark.parametrize(
    "stage", ["connect", "helo", "mail", "rcpt", "data", "content"]
)
def test_cuts_the_connection(mailbox, stage):
    mailbox.behave(drop_connection=stage)
    with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionError)):
        send(mailbox)
    assert mailbox.messages == []
    mailbox.behave()
    send(mailbox)
    assert len(mailbox.messages) == 1


def test_an_interrupted_mail_is_not_kept(mailbox):
    with socket.create_connection(("127.0.0.1", mailbox.smtp_port), 60) as connection:
        stream = connection.makefile("rwb")
        for command in (b"HELO me", b"MAIL FROM:<a@b.c>", b"RCPT TO:<d@e.f>", b"DATA"):
            stream.readline()
            stream.write(command + b"\r\n")
            stream.flush()
        assert stream.readline().startswith(b"354")
        stream.write(b"Subject: Half of")
        stream.flush()
    send(mailbox)
    assert [message.subject for message in mailbox.messages] == ["Hello"]


def test_delays_its_answer(mailbox):
    mailbox.behave(delay=0.2)
    before = time.monotonic()
    send(mailbox)
    assert time.monotonic() - before >= 0.2


@pytest.mark.parametrize("code", [450, 432])
def test_keeps_to_a_rate(mailbox, code):
    now = [1000.0]
    reply = (code, "4.7.1 Too many")
    mailbox.behave(rate=Rate(2, 60, reply), clock=lambda: now[0])
    send(mailbox)
    now[0] += 30
    send(mailbox)
    with pytest.raises(smtplib.SMTPSenderRefused) as refused:
        send(mailbox)
    assert (refused.value.smtp_code, refused.value.smtp_error) == (
        code,
        b"4.7.1 Too many",
    )
    now[0] += 31  # The first is past its minute, the second is not.
    send(mailbox)
    with pytest.raises(smtplib.SMTPSenderRefused):
        send(mailbox)
    assert len(mailbox.messages) == 3


def test_takes_so_many_and_no_more(mailbox, client):
    mailbox.behave(rate=Rate(2))
    with smtplib.SMTP("127.0.0.1", mailbox.smtp_port, timeout=60) as other:
        for _number in range(2):
            other.sendmail(SENDER, [BUYER], MAIL)
        with pytest.raises(smtplib.SMTPSenderRefused):
            other.sendmail(SENDER, [BUYER], MAIL)
    mailbox.behave()
    send(mailbox)
    assert len(mailbox.messages) == 3


def test_ends_a_connection_after_so_many_mails(mailbox):
    mailbox.behave(max_mails=2)
    with smtplib.SMTP("127.0.0.1", mailbox.smtp_port, timeout=60) as client:
        for _number in range(2):
            client.sendmail(SENDER, [BUYER], MAIL)
        with pytest.raises(smtplib.SMTPSenderRefused) as refused:
            client.sendmail(SENDER, [BUYER], MAIL)
        assert refused.value.smtp_code == 421
    send(mailbox)
    assert len(mailbox.messages) == 3


def test_turns_away_who_opens_too_many_connections(mailbox):
    mailbox.behave(max_connections=(1, (432, "4.3.2 Too many connections")))
    with smtplib.SMTP("127.0.0.1", mailbox.smtp_port, timeout=60) as first:
        first.noop()
        with pytest.raises(smtplib.SMTPSenderRefused) as refused:
            send(mailbox)
        assert refused.value.smtp_code == 432
        first.sendmail(SENDER, [BUYER], MAIL)
    assert len(mailbox.messages) == 1
    assert mailbox.connections_made == 2


def test_takes_a_mail_and_cuts_the_connection(mailbox):
    mailbox.behave(drop_connection="taken")
    with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionError)):
        send(mailbox)
    assert [message.raw for message in mailbox.messages] == [MAIL]


def test_is_down_for_a_while_on_the_same_port(mailbox):
    send(mailbox)
    port = mailbox.smtp_port
    with mailbox.down():
        with pytest.raises(ConnectionRefusedError):
            send(mailbox)
    assert mailbox.smtp_port == port
    send(mailbox)
    assert len(mailbox.messages) == 2


def test_answers_when_it_is_let_go(mailbox, client):
    client.ehlo()
    client.mail(SENDER)
    client.rcpt(BUYER)
    client.putcmd("data")
    client.getreply()
    with mailbox.hold():
        client.send(MAIL + b".\r\n")
        client.sock.settimeout(0.1)
        with pytest.raises(TimeoutError):
            client.sock.recv(1)
        assert not mailbox.messages
    client.sock.settimeout(10)
    assert client.getreply()[0] == 250
    assert len(mailbox.messages) == 1


def test_a_delay_holds_up_nobody_else(mailbox):
    mailbox.behave(delay=60)
    with smtplib.SMTP("127.0.0.1", mailbox.smtp_port, timeout=60) as slow:
        slow.ehlo()
        slow.mail(SENDER)
        slow.rcpt(BUYER)
        slow.putcmd("data")
        slow.getreply()
        slow.send(MAIL + b".\r\n")
        mailbox.behave()
        send(mailbox)
        assert len(mailbox.messages) == 1
        slow.close()


def test_behaviour_can_be_given_at_once():
    with Mailbox(refuse_data=(451, "later")) as mailbox:
        with pytest.raises(smtplib.SMTPDataError):
            send(mailbox)


@pytest.mark.parametrize(
    "behaviour",
    [
        {"drop_connection": "dinner"},
        {"refuse_data": (250, "fine")},
        {"refuse_recipients": {"*": (354, "go on")}},
        {"rate": Rate(1, 60, (250, "fine"))},
        {"unknown": True},
    ],
)
def test_refuses_a_behaviour_that_makes_no_sense(mailbox, behaviour):
    with pytest.raises((ValueError, TypeError)):
        mailbox.behave(**behaviour)


def test_many_clients_at_once(mailbox):
    threads = [threading.Thread(target=send, args=[mailbox]) for _ in range(20)]
    for thread in threads:
        thread.start()
    assert len(mailbox.wait_for(count=20)) == 20
    for thread in threads:
        thread.join()
    assert [m.number for m in mailbox.messages] == list(range(1, 21))


def test_stop_frees_the_port_even_with_a_client_connected():
    mailbox = Mailbox()
    mailbox.start()
    client = smtplib.SMTP("127.0.0.1", mailbox.smtp_port, timeout=60)
    mailbox.stop()
    mailbox.stop()
    with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionError)):
        client.noop()
    client.close()
    with Mailbox(smtp_port=mailbox.smtp_port) as again:
        send(again)
        assert len(again.messages) == 1


def test_a_taken_port_is_said(mailbox):
    with pytest.raises(OSError):
        Mailbox(smtp_port=mailbox.smtp_port).start()
    with pytest.raises(OSError):
        Mailbox(http_port=mailbox.http_port).start()
