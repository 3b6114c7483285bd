"""Databases with the files that belong to them, made so that none is half made."""

import json
import os
import shutil
from contextlib import closing, contextmanager

from psycopg2 import sql


class Databases:
    """The databases of one PostgreSQL server, and their file stores.

    :param Server server: where they are
    :param pathlib.Path data_dir: Odoo's data folder
    """

    def __init__(self, server, data_dir):
        self.server = server
        self.data_dir = data_dir

    def filestore(self, name):
        """Where Odoo keeps the attachments of a database.

        :rtype: pathlib.Path
        """
        return self.data_dir / "filestore" / name

    def execute(self, query, *names, database="postgres", values=None):
        """Run one statement.

        :param str query: with ``{}`` for each name of a database
        :return: the rows, if there are any
        :rtype: list[tuple]
        """
        statement = sql.SQL(query).format(*map(sql.Identifier, names))
        with (
            closing(self.server.connect(database)) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    def exists(self, name):
        """Whether there is such a database.

        :rtype: bool
        """
        query = "SELECT 1 FROM pg_database WHERE datname = %s"
        return bool(self.execute(query, values=[name]))

    def create(self, name):
        """Make an empty database with what Odoo expects of one."""
        self.drop(name)
        self.execute(
            "CREATE DATABASE {} ENCODING 'UTF8' LC_COLLATE 'C' TEMPLATE template0",
            name,
        )

    def clone(self, source, target):
        """Copy a database that nobody is connected to.

        Its attachments become hard links: Odoo names them by their content and never
        changes one.
        """
        self.drop(target)
        if self.filestore(source).is_dir():
            shutil.copytree(
                self.filestore(source), self.filestore(target), copy_function=os.link
            )
        self.execute("CREATE DATABASE {} TEMPLATE {}", target, source)

    @contextmanager
    def made(self, name, source=None):
        """Make a database under another name; it takes its place when it is finished.

        :param str source: the database that it starts from; an empty one if omitted
        :return: the name that it has meanwhile
        """
        part = f"{name}_part"
        if source:
            self.clone(source, part)
        else:
            self.create(part)
        yield part
        self.drop(name)
        if self.filestore(part).is_dir():
            self.filestore(part).rename(self.filestore(name))
        self.execute("ALTER DATABASE {} RENAME TO {}", part, name)

    def vacuum(self, name):
        """Leave out what is dead, and count what is there: copies know it then."""
        self.execute("VACUUM ANALYZE", database=name)

    def drop(self, name):
        """Remove a database, its connections and its attachments."""
        self.execute("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)
        shutil.rmtree(self.filestore(name), ignore_errors=True)

    def set_facts(self, name, facts):
        """Note in the database itself what it was made from.

        :param dict facts: anything that JSON can hold
        """
        self.execute("COMMENT ON DATABASE {} IS %s", name, values=[json.dumps(facts)])

    def facts(self, name):
        """What :meth:`set_facts` has noted, nothing if there is no such database.

        :rtype: dict
        """
        rows = self.execute(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database"
            " WHERE datname = %s",
            values=[name],
        )
        return json.loads(rows[0][0]) if rows and rows[0][0] else {}
