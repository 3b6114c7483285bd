"""Benchmarks: ours and core's side by side, in one run, on the same invoices."""
