"""Measures: ``python -m workbench.bench.measure CONFIG URL LOG FACTS RESULT``."""

import json
import pathlib
import sys

from . import documents, pages
from .odoo_env import environment
from .sample import table


def main(config_file, url, log, facts, result):
    """Measure everything, print a table, write the same as JSON."""
    facts = json.loads(facts)
    rows = pages.rows(url, facts, pathlib.Path(log))
    with environment(config_file) as env:
        rows += documents.rows(env, facts)
        env.cr.rollback()
    pathlib.Path(result).write_text(
        json.dumps([row.as_dict() for row in rows], indent=2) + "\n"
    )
    print(table(rows))


if __name__ == "__main__":
    main(*sys.argv[1:])
