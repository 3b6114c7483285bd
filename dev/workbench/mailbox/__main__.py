"""The mailbox on the command line: ``python -m workbench.mailbox``.

Prints one line of JSON with its ports once it is ready, and runs until SIGTERM or
Ctrl-C.
"""

import argparse
import json
import logging
import signal
import socket
import sys
import threading

from .mailbox import Mailbox


def _listener(text):
    """Read where to listen: a port, or ``fd:7`` for a socket that is handed over.

    :rtype: int | socket.socket
    """
    if text.startswith("fd:"):
        return socket.socket(fileno=int(text[3:]))
    return int(text)


def main(arguments=None):
    """Run until told to stop.

    :param list[str] arguments: the command line; None for the process's own
    :return: exit code, 1 if a port is taken
    :rtype: int
    """
    parser = argparse.ArgumentParser(prog="workbench.mailbox", description=__doc__)
    for name in ("smtp", "http"):
        parser.add_argument(
            f"--{name}", type=_listener, default=0, help="port, 0 for any; or fd:NUMBER"
        )
    parser.add_argument("--store", help="folder that keeps the mails as .eml files")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    logging.getLogger("mail.log").setLevel(logging.WARNING)
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_args: stopped.set())
    mailbox = Mailbox(options.smtp, options.http, store=options.store)
    try:
        mailbox.start()
    except OSError as error:
        print(f"The mailbox cannot start: {error}", file=sys.stderr)
        return 1
    print(json.dumps({"smtp_port": mailbox.smtp_port, "url": mailbox.url}), flush=True)
    stopped.wait()
    mailbox.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
