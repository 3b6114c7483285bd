"""A company with a chart of accounts, for tests: ``python -m testing.company CONFIG``.

Core's tests would make the same one anew for each class of tests.
"""

import sys

from bench.odoo_env import environment


def main(config_file):
    """Create it."""
    with environment(config_file) as env:
        company = env["res.company"].create({"name": "company_1_data"})
        env["account.chart.template"].try_loading(
            "generic_coa", company, install_demo=False
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
