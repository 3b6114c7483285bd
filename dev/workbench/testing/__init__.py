"""Test databases, the test run, and what pytest watches while it runs."""
