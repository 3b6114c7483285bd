"""Ends what an earlier run, killed, has left behind; standard library only."""

import hashlib
import json
import os
import signal
import tempfile
import time
from pathlib import Path

from .component import PROBE_INTERVAL, kill_group, record, started_at

#: Longest path of a Unix socket that Linux takes (unix(7)), less the file's name.
LONGEST_FOLDER = 107 - len("/.s.PGSQL.5432")


def is_running(known):
    """Whether a recorded process still is that process.

    :param dict known: as ``component.record`` makes it
    :rtype: bool
    """
    started = known["started"]
    return started is not None and started_at(known["pid"]) == started


def stop_recorded(known, how=signal.SIGTERM, patience=30):
    """End a recorded process, if it still is that process.

    :param dict known: as ``component.record`` makes it
    :param how: the signal that asks it to end
    :param int patience: seconds that it may take to end by itself
    :return: whether there was such a process
    :rtype: bool
    """
    if not is_running(known):
        return False
    os.kill(known["pid"], how)
    end = time.monotonic() + patience
    while is_running(known):
        if time.monotonic() > end:
            kill_group(known["pid"])
        time.sleep(PROBE_INTERVAL)
    return True


def read_stack(path):
    """What a running stack has noted about itself.

    :param pathlib.Path path: its file
    :return: nothing if there is no such file
    :rtype: dict
    """
    return json.loads(path.read_text()) if path.is_file() else {}


def stop_stack(path):
    """End a stack that is noted in a file: its supervisor, then what outlived it.

    :param pathlib.Path path: the file
    """
    noted = read_stack(path)
    if not noted:
        return
    stop_recorded(noted["supervisor"])
    for known in noted["components"]:
        if known["name"] != "PostgreSQL":
            stop_recorded(known, patience=10)
    path.unlink(missing_ok=True)


def stop_postgres(data):
    """End a PostgreSQL server that works on a data folder.

    The first line of its ``postmaster.pid`` is the process number.

    :param pathlib.Path data: the folder
    """
    path = data / "postmaster.pid"
    if not path.is_file():
        return
    pid = int(path.read_text().split()[0])
    command = Path(f"/proc/{pid}/cmdline")
    if command.is_file() and os.fsencode(data) in command.read_bytes().split(b"\0"):
        stop_recorded(record("PostgreSQL", pid), signal.SIGINT)


def socket_folder(data):
    """Where a server's socket is: near its data if that path is short enough.

    :param pathlib.Path data: the server's data folder
    :rtype: pathlib.Path
    """
    near = data.with_name("socket")
    if len(os.fsencode(near)) <= LONGEST_FOLDER:
        return near
    digest = hashlib.sha256(os.fsencode(data)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"account-payment-portal-{digest}"


def shared_prefix(root):
    """Start of this clone's database names on a server that others use as well.

    :param pathlib.Path root: the clone
    :rtype: str
    """
    return f"portal_{hashlib.sha256(str(root).encode()).hexdigest()[:8]}"
