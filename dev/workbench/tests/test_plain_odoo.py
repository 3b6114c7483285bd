"""A sample of what ``soak_plain_odoo`` runs wholly."""

from workbench.tests.plain_odoo import run

#: One class of each kind: needing nothing, the sandbox, a browser, an SMTP server.
SAMPLE = (
    "TestPortalEvidence",
    "TestPaymentSavedCard",
    "TestPortalPageBrowser",
    "TestAccountMoveSendPortalRefusal",
)


def test_what_needs_more_than_odoo_is_skipped_with_its_reason(tmp_path):
    tags = ",".join(f"/account_payment_portal:{name}" for name in SAMPLE)
    outcome = run(tags, tmp_path)
    assert not outcome.failed, outcome.end
    assert outcome.total > len(outcome.skipped)
    for reason in ("Stripe sandbox", "SMTP server", "Playwright"):
        assert any(reason in told for told in outcome.skipped), outcome.end
