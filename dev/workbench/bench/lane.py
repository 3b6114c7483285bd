"""A lane by itself, for what it holds in memory: ``workbench.bench.lane CONFIG``."""

import sys

import psutil

from .odoo_env import environment


def resident_megabytes():
    """Memory of this process.

    :rtype: float
    """
    return psutil.Process().memory_info().rss / 2**20


def main(config_file):
    """Run a lane until nothing is due, and print what it holds then."""
    with environment(config_file) as env:
        env["account.move.portal.delivery"]._run_due()
        print(resident_megabytes())


if __name__ == "__main__":
    main(*sys.argv[1:])
