"""One program of the stack: started, awaited by a real probe, stopped within bounds."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from workbench.provision.commands import SetupError, tail, undisturbed

#: Seconds between two probes of a program that is starting.
PROBE_INTERVAL = 0.1


class ComponentFailed(SetupError):
    """A program did not start, or ended by itself; the end of its log is told."""


def started_at(pid):
    """When a process was started, in clock ticks since boot.

    Together with its number this names a process for good, see proc(5), field 22.

    :return: ``None`` if there is no such process
    :rtype: int | None
    """
    try:
        with open(f"/proc/{pid}/stat") as stat:
            fields = stat.read().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] == "Z" else int(fields[19])


def record(name, pid):
    """What names a running process for good.

    :rtype: dict
    """
    return {"name": name, "pid": pid, "started": started_at(pid)}


@dataclass
class Component:
    """One program of the stack.

    :param str name: what people call it
    :param list argv: program and arguments
    :param pathlib.Path log: receives all that it prints
    :param probe: returns whether it is ready to serve
    :param dict env: its environment, ours if omitted
    :param int deadline: seconds until it must be ready
    :param int stop_signal: asks it to end
    :param int patience: seconds that it may take to end
    :param sockets: listening sockets that it inherits; ours are closed once it is ready
    """

    name: str
    argv: list
    log: Path
    probe: Callable
    env: dict | None = None
    deadline: int = 600
    stop_signal: int = signal.SIGTERM
    patience: int = 10
    sockets: tuple | list = ()
    process: subprocess.Popen | None = field(default=None, init=False)

    def start(self):
        """Start it in a process group of its own, its log emptied."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("w") as sink, undisturbed():
            self.process = subprocess.Popen(
                [str(part) for part in self.argv],
                pass_fds=[held.fileno() for held in self.sockets],
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                env=self.env,
                start_new_session=True,
            )

    def wait_ready(self, stop=None):
        """Wait until the probe succeeds.

        :param threading.Event stop: set when waiting is no longer wanted
        :raise ComponentFailed: if it ends before, or the deadline passes
        """
        stop = stop or threading.Event()
        end = time.monotonic() + self.deadline
        while not self.probe():
            self.check_alive()
            if time.monotonic() > end:
                raise ComponentFailed(
                    self._failure(f"is not ready after {self.deadline} s")
                )
            if stop.wait(PROBE_INTERVAL):
                return
        # Held until now: nobody can have answered in its place.
        for held in self.sockets:
            held.close()

    def check_alive(self):
        """Fail if it has ended by itself.

        :raise ComponentFailed: with the end of its log
        """
        code = self.process.poll()
        if code is not None:
            raise ComponentFailed(self._failure(f"ended with exit code {code}"))

    def stop(self):
        """End it: by its signal, then by force for its whole process group."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(self.stop_signal)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(self.patience)
        kill_group(self.process.pid)
        self.process.wait()

    def _failure(self, what):
        return f"{self.name} {what}; the end of {self.log}:\n{tail(self.log)}"


def kill_group(pid):
    """End by force what is left of a process group that we made."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
