"""Measures: ``python -m workbench.bench.measure CONFIG URL LOG FACTS RESULT``."""

import json
import pathlib
import sys

from . import accounts, documents, pages, reports
from .odoo_env import environment
from .sample import save, table


def main(config_file, url, log, facts, result, *parts):
    """Measure, print a table, write the same as JSON.

    :param str parts: `pages`, `accounts`, `documents`, `reports`; none is everything
    """
    facts = json.loads(facts)
    parts = parts or ("pages", "accounts", "documents", "reports")
    rows = []
    if "pages" in parts:
        with environment(config_file) as env, pages.sandbox(env):
            rows += pages.rows(url, facts, pathlib.Path(log))
    if "accounts" in parts:
        with environment(config_file) as env:
            rows += accounts.rows(env, url, pathlib.Path(log))
    with environment(config_file) as env:
        for name, module in {"documents": documents, "reports": reports}.items():
            if name in parts:
                rows += module.rows(env, facts)
                env.cr.rollback()
                env.invalidate_all()
    save(rows, result)
    print(table(rows))


if __name__ == "__main__":
    main(*sys.argv[1:])
