"""The mailbox on the command line: ``python -m workbench.mailbox``.

Prints one line of JSON with its ports once it is ready, and runs until SIGTERM or
Ctrl-C.
"""

import argparse
import json
import logging
import signal
import sys
import threading

from .mailbox import Mailbox


def _parse(arguments):
    parser = argparse.ArgumentParser(prog="workbench.mailbox", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--smtp-port", type=int, default=0, help="0 for any free one")
    parser.add_argument("--http-port", type=int, default=0, help="0 for any free one")
    parser.add_argument("--store", help="folder that keeps the mails as .eml files")
    return parser.parse_args(arguments)


def main(arguments=None):
    """Run until told to stop.

    :param list[str] arguments: the command line; None for the process's own
    :return: exit code, 1 if a port is taken
    :rtype: int
    """
    options = _parse(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    logging.getLogger("mail.log").setLevel(logging.WARNING)
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_args: stopped.set())
    mailbox = Mailbox(options.smtp_port, options.http_port, options.host, options.store)
    try:
        mailbox.start()
    except OSError as error:
        print(f"The mailbox cannot start: {error}", file=sys.stderr)
        return 1
    ready = {
        "smtp_host": mailbox.host,
        "smtp_port": mailbox.smtp_port,
        "http_port": mailbox.http_port,
        "url": mailbox.url,
    }
    print(json.dumps(ready), flush=True)
    stopped.wait()
    mailbox.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
