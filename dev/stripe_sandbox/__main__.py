"""``python -m stripe_sandbox``: runs until SIGTERM or Ctrl-C."""

import argparse
import json
import logging
import signal
import threading

from .server import WEBHOOK_VERSION, StripeSandbox


def main(arguments=None):
    """Start the sandbox, print one JSON line when it is ready, wait for the end."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    done = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_args: done.set())
    values = vars(options)
    with StripeSandbox(**values) as sandbox:
        ready = {
            "url": sandbox.url,
            "port": sandbox.port,
            "secret_key": sandbox.secret_key,
            "publishable_key": sandbox.publishable_key,
            "webhook_secret": sandbox.webhook_secret,
        }
        print(json.dumps(ready), flush=True)
        done.wait()


def _parser():
    parser = argparse.ArgumentParser(prog="stripe_sandbox", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0: a free one")
    parser.add_argument("--fd", type=int, help="a socket that listens, for this port")
    parser.add_argument("--webhook-url", help="gets every event")
    parser.add_argument("--webhook-secret", help="signs what goes to --webhook-url")
    parser.add_argument("--webhook-api-version", default=WEBHOOK_VERSION)
    parser.add_argument("--secret-key", help="sk_test_…")
    parser.add_argument("--publishable-key", help="pk_test_…")
    parser.add_argument("--state-file", help="keeps everything over a restart")
    parser.add_argument(
        "--settle-bank-immediately",
        action="store_true",
        help="bank debits settle at once instead of after four business days",
    )
    parser.add_argument(
        "--verify-banks-instantly",
        action="store_true",
        help="typed bank accounts need no micro-deposits",
    )
    return parser


if __name__ == "__main__":
    main()
