# Everything below needs Python 3.10 or newer and make; the rest is set up by itself.
PYTHON ?= python3
ENVIRONMENT := $(PYTHON) dev/bootstrap.py
RUN := env PYTHONPATH="$(CURDIR)/dev" .dev/venv/bin/python
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help bootstrap demo walkthrough test test-core bench lint clean distclean

help:  ## Show what can be done
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

bootstrap:
	@$(ENVIRONMENT)

demo: bootstrap  ## Odoo with demo data, a Stripe sandbox and a mailbox, ready to try
	@exec $(RUN) dev/demo.py $(ARGS)

walkthrough: bootstrap  ## Play the whole story in a browser, against the demo
	@exec $(RUN) dev/walkthrough.py $(ARGS)

test: bootstrap  ## Run all tests; ARGS="-k name" is passed on to pytest
	@exec $(RUN) -m testing.run $(ARGS)

test-core: bootstrap  ## Run Odoo's own tests of payment and portal with the add-on
	@exec $(RUN) -m testing.core $(ARGS)

bench: bootstrap  ## Measure ours and core's side by side
	@exec $(RUN) -m bench

lint:  ## Run all linters; ARGS=--fix formats what can be formatted
	@$(ENVIRONMENT) python
	@exec .dev/venv/bin/python dev/lint/run $(ARGS)

clean:  ## Stop a running demo and remove everything that was generated here
	@$(PYTHON) dev/clean.py

distclean:  ## The same, and the downloads in the user's cache
	@$(PYTHON) dev/clean.py --downloads
