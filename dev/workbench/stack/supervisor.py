"""Starts the programs of a stack, watches them, and stops them all together."""

import json
import os
import threading

from workbench.provision.steps import write_atomically

from .component import record

#: Seconds between two looks at whether all programs still run.
WATCH_INTERVAL = 0.5


class Supervisor:
    """The programs of one stack.

    :param pathlib.Path stack_file: tells others what runs, while it runs
    """

    def __init__(self, stack_file):
        self.stack_file = stack_file
        self.components = []
        self.stopping = threading.Event()

    def start(self, *components):
        """Start programs side by side and wait until all are ready.

        :raise ComponentFailed: if one fails; the end of its log is told
        """
        for component in components:
            self.components.append(component)
            component.start()
            self.note({})
        for component in components:
            component.wait_ready(self.stopping)

    def note(self, facts):
        """Write down what runs, so that a later command can use or stop it.

        :param dict facts: addresses and the like
        """
        noted = {
            **facts,
            "supervisor": record("supervisor", os.getpid()),
            "components": [
                record(own.name, own.process.pid) for own in self.components
            ],
        }
        write_atomically(self.stack_file, json.dumps(noted, indent=1))

    def watch(self):
        """Wait until one of the programs ends by itself.

        :raise ComponentFailed: then
        """
        while not self.stopping.wait(WATCH_INTERVAL):
            for component in self.components:
                component.check_alive()

    def stop(self):
        """Stop all programs, last started first; each within its patience."""
        self.stopping.set()
        for component in reversed(self.components):
            component.stop()
        self.components.clear()
        self.stack_file.unlink(missing_ok=True)
