"""Runs Odoo: as a server, and for single jobs such as installing an add-on."""

import configparser
import io
import json
import os
import re

from workbench.provision.commands import SetupError, run
from workbench.provision.steps import write_atomically

from .ports import HOST

#: Becomes the program that the other arguments name, its socket in the right place.
_ACTIVATE = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
os.execv(sys.executable, [sys.executable, *sys.argv[2:]])
"""
_LOADING = re.compile(r"Loading module (\S+) \((\d+)/(\d+)\)")
_RECORD = re.compile(r"^\S+ \S+ \d+ (WARNING|ERROR|CRITICAL) \S+ ([\w.]+): (.*)$")


class Odoo:
    """Odoo on one PostgreSQL server, with the add-on of this clone.

    :param Project project: the clone
    :param Server server: PostgreSQL
    :param pathlib.Path folder: where its configuration, data and logs go
    """

    def __init__(self, project, server, folder):
        self.project = project
        self.server = server
        self.folder = folder
        self.data_dir = folder / "data"
        #: Folders with packages that go before those of the virtual environment.
        self.packages = ()
        self.facts = json.loads(project.odoo_facts.read_text())

    @property
    def python_env(self):
        """Environment of a process that imports Odoo or the development tools."""
        own = (self.project.library, self.project.root / "dev")
        path = [str(each) for each in (*self.packages, *own)]
        path += [str(self.project.foreign)] if self._foreign_addons else []
        return {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(path),
            "PYTHONUNBUFFERED": "1",
        }

    @property
    def _foreign_addons(self):
        folder = self.project.foreign / "odoo" / "addons"
        return [str(folder)] if folder.is_dir() else []

    @property
    def env(self):
        """Environment of an Odoo process: it is led to the server as well."""
        server = {name: value for name, value in self.server.env.items() if value}
        return {**self.python_env, **server}

    def write_config(self, name, database, **options):
        """Write a configuration file.

        Passwords stay in the environment.

        :param str name: of the file
        :param str database: the one that it serves
        :param options: more options of Odoo's configuration
        :return: the file
        :rtype: pathlib.Path
        """
        parser = configparser.ConfigParser(interpolation=None)
        parser["options"] = {
            "addons_path": ",".join(
                [*self.facts["addons"], *self._foreign_addons, str(self.project.addons)]
            ),
            "data_dir": str(self.data_dir),
            "db_host": self.server.env["PGHOST"],
            "db_port": self.server.env["PGPORT"] or "5432",
            "db_user": self.server.env["PGUSER"] or "False",
            "db_name": database,
            "dbfilter": f"^{re.escape(database)}$",
            "list_db": "False",
            "http_interface": HOST,
            "workers": "0",
            "screenshots": str(self.folder / "screenshots"),
            **{key: str(value) for key, value in options.items()},
        }
        path, text = self.folder / name, io.StringIO()
        parser.write(text)
        write_atomically(path, text.getvalue())
        return path

    def command(self, config, *arguments):
        """Program and arguments of an Odoo server process.

        :rtype: list[str]
        """
        argv = [self.project.python, "-m", "odoo", "server", "-c", config]
        return [str(part) for part in (*argv, *arguments)]

    def job(self, database, log, *arguments, console=None):
        """Run Odoo on a database until its work is done.

        :param str database: its name
        :param pathlib.Path log: emptied first
        :param arguments: such as ``-i``, ``account``
        :param console: where to show how far it is
        :return: warnings and errors in its log
        :rtype: list[str]
        :raise SetupError: if it fails
        """
        write_atomically(log, "")
        config = self.write_config(f"{database}-job.conf", database)

        def show(line):
            found = _LOADING.search(line)
            if console and found:
                console.progress("loading {} ({} of {})".format(*found.groups()))

        options = ["--stop-after-init", "--no-http", "--max-cron-threads=0"]
        argv = self.command(config, *options, *arguments)
        run(argv, log, show, env=self.env)
        problems = log_problems(log)
        if any(" CRITICAL " in line or " ERROR " in line for line in problems):
            raise SetupError(
                f"Odoo reported errors, see {log}:\n" + "\n".join(problems)
            )
        return problems


def on_socket(held, command):
    """A command line that lets Odoo serve on a socket that listens already.

    It is handed over as systemd does, see sd_listen_fds(3).

    :param socket.socket held: the socket, which the process has to inherit
    :param list command: Python, and its arguments
    :rtype: list[str]
    """
    python, *arguments = command
    return [python, "-c", _ACTIVATE, str(held.fileno()), *arguments]


def log_problems(log):
    """Warnings and errors in a log of Odoo.

    :param pathlib.Path log: the file
    :return: the first line of each
    :rtype: list[str]
    """
    lines = log.read_text(errors="replace").splitlines()
    return [line for line in lines if _RECORD.match(line)]
