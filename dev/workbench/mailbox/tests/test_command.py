"""The mailbox as a process of its own."""

import json
import os
import signal
import smtplib
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import pytest

DEV = Path(__file__).parents[3]


@pytest.fixture
def start(tmp_path):
    """A function that starts the mailbox and returns the process and its ports."""
    processes = []

    def run(*arguments):
        with (tmp_path / "stderr").open("ab") as stderr:
            process = subprocess.Popen(
                [sys.executable, "-m", "workbench.mailbox", *arguments],
                env={**os.environ, "PYTHONPATH": str(DEV)},
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
            )
        processes.append(process)
        return process, json.loads(process.stdout.readline())

    yield run
    for process in processes:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_runs_until_it_is_told_to_stop(start, tmp_path, number):
    process, ready = start("--store", str(tmp_path / "mails"))
    with smtplib.SMTP("127.0.0.1", ready["smtp_port"], timeout=10) as client:
        client.sendmail("a@b.example", ["c@d.example"], "Subject: Kept\r\n\r\n")
    with urlopen(f"{ready['url']}/api/messages", timeout=10) as response:
        assert json.load(response)[0]["subject"] == "Kept"
    process.send_signal(number)
    assert process.wait(timeout=10) == 0
    assert "Traceback" not in (tmp_path / "stderr").read_text()


def test_shows_again_what_it_kept(start, tmp_path):
    arguments = ["--store", str(tmp_path / "mails")]
    process, ready = start(*arguments)
    with smtplib.SMTP("127.0.0.1", ready["smtp_port"], timeout=10) as client:
        client.sendmail("a@b.example", ["c@d.example"], "Subject: Kept\r\n\r\n")
    process.terminate()
    process.wait(timeout=10)
    ports = [f"--{name}-port={ready[f'{name}_port']}" for name in ("smtp", "http")]
    _process, again = start(*arguments, *ports)
    assert again == ready
    with urlopen(f"{again['url']}/api/messages/1", timeout=10) as response:
        assert json.load(response)["envelope_to"] == ["c@d.example"]


@pytest.mark.parametrize("option", ["smtp_port", "http_port"])
def test_says_that_a_port_is_taken(start, option):
    _process, ready = start()
    argument = f"--{option.replace('_', '-')}"
    second = subprocess.run(
        [sys.executable, "-m", "workbench.mailbox", argument, str(ready[option])],
        env={**os.environ, "PYTHONPATH": str(DEV)},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert second.returncode == 1
    assert second.stdout == ""
    assert "cannot start" in second.stderr
