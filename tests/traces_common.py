import logging
import re
from contextlib import contextmanager

from odoo.tools import SQL

#: Loggers that belong to Odoo's process; the sandbox, which is Stripe, runs in it too.
STRIPES_LOGGERS = "stripe_sandbox"


class Lines(logging.Handler):
    """Keeps every line that is logged."""

    def __init__(self):
        super().__init__(logging.DEBUG)
        self.lines = []

    def emit(self, record):
        """Keep a line, with its traceback."""
        if not record.name.startswith(STRIPES_LOGGERS):
            self.lines.append(self.format(record))


class TracesMixin:
    """Looks for a text in all that Odoo gets, logs and stores."""

    @contextmanager
    def traces(self, page):
        """Watch what a page sends and what Odoo logs, whatever the level.

        :param playwright.sync_api.Page page: The page of the browser.
        """
        self.requests = []
        page.on("request", lambda request: self.requests.append(request))
        handler, root = Lines(), logging.getLogger()
        loggers = [root, *map(logging.getLogger, ("odoo", "werkzeug", "stripe"))]
        loggers += [
            logger
            for name, logger in logging.root.manager.loggerDict.items()
            if isinstance(logger, logging.Logger) and logger.level and "." in name
        ]
        levels = {logger: logger.level for logger in loggers}
        root.addHandler(handler)
        for logger in loggers:
            logger.setLevel(logging.DEBUG)
        try:
            yield
        finally:
            root.removeHandler(handler)
            for logger, level in levels.items():
                logger.setLevel(level)
            self.lines = handler.lines

    def find_traces(self, pattern):
        """Return where a text was found: `request`, `log`, names of tables.

        :param str pattern: A regular expression, for Python and PostgreSQL.
        :rtype: set[str]
        """
        found = set(self._find_in_tables(pattern))
        if any(re.search(pattern, line) for line in self.lines):
            found.add("log")
        if any(re.search(pattern, text) for text in self._get_sent(self.base_url())):
            found.add("request")
        return found

    def _get_sent(self, url):
        """Return the address, the headers and the body of each request to a server."""
        for request in self.requests:
            if request.url.startswith(url):
                yield f"{request.url}\n{request.all_headers()}\n{request.post_data}"

    def _find_in_tables(self, pattern):
        """Return the tables in which a text stands, in a column of any type."""
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT table_name FROM information_schema.tables "
            "WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
        )
        tables = [name for (name,) in self.env.cr.fetchall()]
        query = SQL(" UNION ALL ").join(
            SQL(
                "(SELECT %s FROM %s t WHERE to_jsonb(t)::text ~ %s LIMIT 1)",
                name,
                SQL.identifier(name),
                pattern,
            )
            for name in tables
        )
        return [name for (name,) in self.env.execute_query(query)]
