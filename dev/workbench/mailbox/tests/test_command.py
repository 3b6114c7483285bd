"""The mailbox as a process of its own."""

import json
import os
import signal
import smtplib
import socket
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import pytest

DEV = Path(__file__).parents[3]
COMMAND = [sys.executable, "-m", "workbench.mailbox"]


@pytest.fixture
def start(tmp_path):
    """A function that starts the mailbox and returns the process and its ports."""
    processes = []

    def run(*arguments, **options):
        with (tmp_path / "stderr").open("ab") as stderr:
            process = subprocess.Popen(
                [*COMMAND, *arguments],
                env={**os.environ, "PYTHONPATH": str(DEV)},
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
                **options,
            )
        processes.append(process)
        return process, json.loads(process.stdout.readline())

    yield run
    for process in processes:
        process.kill()
        process.wait()
        process.stdout.close()


def send(port):
    with smtplib.SMTP("127.0.0.1", port, timeout=60) as client:
        client.sendmail("a@b.example", ["c@d.example"], "Subject: Kept\r\n\r\n")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_runs_until_it_is_told_to_stop_and_shows_again_what_it_kept(
    start, tmp_path, number
):
    store = ("--store", str(tmp_path / "mails"))
    process, ready = start(*store)
    send(ready["smtp_port"])
    process.send_signal(number)
    assert process.wait(timeout=60) == 0
    assert "Traceback" not in (tmp_path / "stderr").read_text()
    _process, again = start(*store)
    with urlopen(again["url"], timeout=60) as response:
        assert "c@d.example" in response.read().decode()


def test_listens_on_sockets_that_are_handed_over(start):
    """What came before it listened is not lost."""
    with (
        socket.create_server(("127.0.0.1", 0)) as smtp,
        socket.create_server(("127.0.0.1", 0)) as http,
    ):
        early = socket.create_connection(smtp.getsockname(), 60)
        numbers = (smtp.fileno(), http.fileno())
        _process, ready = start(
            *(f"--smtp=fd:{numbers[0]}", f"--http=fd:{numbers[1]}"), pass_fds=numbers
        )
        assert early.recv(3) == b"220"
        early.close()
        assert ready["smtp_port"] == smtp.getsockname()[1]
        assert ready["url"].endswith(f":{http.getsockname()[1]}")
    send(ready["smtp_port"])
    with urlopen(ready["url"], timeout=60) as response:
        assert "Kept" in response.read().decode()


@pytest.mark.parametrize("option", ["smtp", "http"])
def test_says_that_a_port_is_taken(option):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = subprocess.run(
            [*COMMAND, f"--{option}={taken.getsockname()[1]}"],
            env={**os.environ, "PYTHONPATH": str(DEV)},
            capture_output=True,
            text=True,
        )
    assert (done.returncode, done.stdout) == (1, "")
    assert "cannot start" in done.stderr
