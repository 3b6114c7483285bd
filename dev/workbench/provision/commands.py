"""Runs other programs: output into a log, progress on the console."""

import os
import re
import signal
import subprocess
import threading
from contextlib import contextmanager

#: Lines of a failed program's log that are shown.
TAIL = 40
#: Seconds that an interrupted program may take to end.
PATIENCE = 10


#: What ends a command: Ctrl-C, a request to end, a closed terminal.
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
#: How apt, pip and uv say that they reach nobody.
_NO_NETWORK = re.compile(
    r"temporary failure (in name resolution|resolving)|dns error|failed to lookup"
    r"|name or service not known|network is unreachable|no route to host"
    r"|could ?n.t connect to|could not connect to|unable to connect|tcp connect error"
    r"|failed to establish a new connection|connection (refused|timed out)",
    re.IGNORECASE,
)


class SetupError(Exception):
    """Something that the person at the keyboard has to know or do."""


def tail(path, lines=TAIL):
    """The last lines of a log file.

    :rtype: str
    """
    if not path.is_file():
        return ""
    return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])


def run(argv, log, on_line=None, **options):
    """Run a program to its end.

    :param list argv: program and arguments
    :param pathlib.Path log: receives all that the program prints
    :param on_line: called with each line that it prints
    :param options: more arguments of :class:`subprocess.Popen`
    :raise SetupError: if it fails; the end of its log is in the message
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    argv = [str(part) for part in argv]
    with log.open("a") as sink:
        sink.write(f"$ {' '.join(argv)}\n")
        sink.flush()
        with undisturbed():
            process = subprocess.Popen(
                argv,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                **{"stdin": subprocess.DEVNULL, **options},
            )
        try:
            for line in process.stdout:
                sink.write(line)
                sink.flush()
                if on_line:
                    on_line(line.rstrip())
            process.wait()
        except BaseException:
            _end(process)
            raise
    if process.returncode:
        end = tail(log)
        reason = f"{argv[0]} failed with exit code {process.returncode}"
        if _NO_NETWORK.search(end):
            reason = (
                "There is no network, or the package servers cannot be reached from "
                f"here. Run the same command again when they can.\n{reason}"
            )
        raise SetupError(f"{reason}; the end of {log}:\n{end}")


@contextmanager
def undisturbed():
    """Let signals wait for the end of the block: a process that starts is noted."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    pending = []
    former = {
        number: signal.signal(number, lambda number, _frame: pending.append(number))
        for number in SIGNALS
    }
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
        for number in pending:
            os.kill(os.getpid(), number)


def _end(process):
    """End a program: by request, then by force."""
    process.terminate()
    try:
        process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
