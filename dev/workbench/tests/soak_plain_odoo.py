"""All of the add-on's tests by plain ``odoo --test-tags``."""

from workbench.tests.plain_odoo import run


def test_all_tests_pass_or_are_skipped(tmp_path):
    outcome = run("/account_payment_portal", tmp_path)
    assert not outcome.failed, outcome.end
    print(f"\n{outcome.total} tests, {len(outcome.skipped)} skips")
