"""Measures: ``python -m workbench.bench.measure CONFIG URL LOG RESULT PART…``.

A part is a module beside this one, such as `pages`, or a part of it: `bulk-send`. Only
those are imported that are asked for: memory is measured, too.
"""

import sys
from importlib import import_module
from pathlib import Path

from workbench.mailbox import Mailbox

from .fixtures import Site
from .odoo_env import environment
from .sample import HEADER, save


def find(part):
    """The function that measures a part.

    :param str part: its name
    :return: called with a ``Site``; returns a list of ``Row``
    """
    name, _dash, section = part.partition("-")
    module = import_module(f"{__package__}.{name}")
    return getattr(module, f"{section}_rows" if section else "rows")


def main(config_file, url, log, result, *parts):
    """Measure, print each row when it is known, write all as JSON."""
    measured = []
    with environment(config_file) as env, Mailbox() as mailbox:
        site = Site(env, url, Path(log), mailbox)
        site.set_up()
        print(HEADER)
        for part in parts:
            for row in find(part)(site):
                print(row)
                measured.append(row)
            save(measured, result)
            env.cr.commit()
            env.invalidate_all()


if __name__ == "__main__":
    main(*sys.argv[1:])
