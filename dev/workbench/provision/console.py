"""Says what is being done: a line a step, and how far the long ones are."""

import sys
import time
from contextlib import contextmanager

#: Seconds between two lines of progress where the output is not a terminal.
QUIET_INTERVAL = 5


class Console:
    """Prints steps and progress to a text stream.

    :param stream: where to print, standard output if omitted
    """

    def __init__(self, stream=None):
        self.stream = stream or sys.stdout
        self.live = self.stream.isatty()
        self._printed_at = 0.0
        self._open_line = False

    def say(self, text=""):
        """Print one line."""
        self._close_line()
        print(text, file=self.stream, flush=True)

    def progress(self, text):
        """Show how far a step is: in place on a terminal, else now and then."""
        now = time.monotonic()
        if self.live:
            self.stream.write(f"\r\x1b[2K    {text[:100]}")
            self.stream.flush()
            self._open_line = True
        elif now - self._printed_at >= QUIET_INTERVAL:
            self._printed_at = now
            print(f"    {text}", file=self.stream, flush=True)

    @contextmanager
    def step(self, title):
        """Name a step while it runs, and say how long it took."""
        self.say(f"==> {title}")
        started = self._printed_at = time.monotonic()
        yield
        self.say(f"    done in {time.monotonic() - started:.1f} s")

    def _close_line(self):
        if self._open_line:
            self.stream.write("\r\x1b[2K")
            self._open_line = False
