"""Prepares a database for tests: ``python -m workbench.testing.prepare CONFIG STEP…``.

It gets what every class of tests, or every test in a browser, would otherwise make anew
in its own transaction: a company with a chart of accounts, and Odoo's bundles.
"""

import sys

from workbench.bench.odoo_env import environment

#: What the back office and the payment screen load of Odoo's own.
BUNDLES = (
    "web.assets_web",
    "web.assets_web_print",
    "web.assets_frontend",
    "web.assets_frontend_lazy",
    "web.assets_frontend_minimal",
)
#: What PDF files are made with.
PRINT_BUNDLES = ("web.report_assets_pdf", "web.report_assets_common")


def create_company(env):
    """Create the company that core's tests of accounting would create."""
    company = env["res.company"].create({"name": "company_1_data"})
    env["account.chart.template"].try_loading(
        "generic_coa", company, install_demo=False
    )


def compile_bundles(env):
    """Compile style sheets and scripts, which Odoo keeps as attachments."""
    for name in BUNDLES:
        bundle = env["ir.qweb"]._get_asset_bundle(name)
        bundle.css()
        bundle.js()
    for name in PRINT_BUNDLES:
        env["ir.qweb"]._get_asset_bundle(
            name, css=True, js=False, autoprefix=True
        ).css()


STEPS = {"company": create_company, "bundles": compile_bundles}


def main(config_file, *steps):
    """Prepare the database."""
    with environment(config_file) as env:
        for step in steps:
            STEPS[step](env)


if __name__ == "__main__":
    main(*sys.argv[1:])
