"""``python -m stripe_sandbox``: runs until SIGTERM or Ctrl-C."""

import argparse
import json
import logging
import signal
import threading

from .server import StripeSandbox


def main():
    """Start the sandbox, print one JSON line when it is ready, wait for the end."""
    options = _parser().parse_args()
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    done = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_args: done.set())
    with StripeSandbox(**vars(options)) as sandbox:
        names = "url port secret_key publishable_key webhook_secret".split()
        ready = {name: getattr(sandbox, name) for name in names}
        print(json.dumps(ready), flush=True)
        done.wait()


def _parser():
    parser = argparse.ArgumentParser(prog="stripe_sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0: a free one")
    parser.add_argument("--fd", type=int, help="a socket that listens, for this port")
    parser.add_argument("--webhook-url", help="gets every event")
    parser.add_argument("--webhook-secret", help="signs what goes to --webhook-url")
    parser.add_argument("--secret-key", help="sk_test_…")
    parser.add_argument("--publishable-key", help="pk_test_…")
    parser.add_argument("--state-file", help="keeps everything over a restart")
    return parser


if __name__ == "__main__":
    main()
