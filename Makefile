# Everything below needs Python 3.10 or newer and make; the rest is set up by itself.
PYTHON ?= python3
ENVIRONMENT := env PYTHONPATH="$(CURDIR)/dev" $(PYTHON) -m workbench.bootstrap
RUN := env PYTHONPATH="$(CURDIR)/dev" .dev/venv/bin/python -m
ARGS ?=
# Compiled Python is kept out of the sources, and kept even where the environment says
# not to: Odoo starts dozens of times in a test run, and would compile itself each time.
export PYTHONPYCACHEPREFIX := $(CURDIR)/.dev/pycache
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help bootstrap demo walkthrough test soak test-core test-versions translations pictures bench lint clean distclean

help:  ## Show what can be done
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile

bootstrap:
	@$(ENVIRONMENT)

demo: bootstrap  ## Odoo with demo data, a Stripe sandbox and a mailbox, ready to try
	@exec $(RUN) workbench.demo $(ARGS)

walkthrough: bootstrap  ## Play the whole story in a browser, against the demo
	@exec $(RUN) pytest -c dev/pytest.ini --rootdir=dev -xvs --no-header \
		-o python_files=walkthrough.py dev/workbench/walkthrough $(ARGS)

test: bootstrap  ## Run all tests; ARGS="-k name" is passed on to pytest
	@exec $(RUN) workbench.testing.run $(ARGS)

soak: bootstrap  ## Run the tests that take too long for `make test`
	@exec $(RUN) workbench.testing.run --soak -s $(ARGS)

test-core: bootstrap  ## Run Odoo's own tests of payment and portal with the add-on
	@exec $(RUN) workbench.testing.core $(ARGS)

test-versions: bootstrap  ## Run the tests of PDF and Stripe with the lowest and newest packages
	@exec $(RUN) workbench.testing.versions

bench: bootstrap  ## Measure ours and core's side by side; ARGS=pages measures a part
	@exec $(RUN) workbench.bench $(ARGS)

pictures: bootstrap  ## Redraw the description's pictures; ARGS=--check says if they are current
ifneq ($(ARGS),--check)
	@$(MAKE) walkthrough ARGS=
endif
	@exec $(RUN) workbench.draw $(ARGS)

translations: bootstrap  ## Export the texts, bring i18n/*.po up to date, say what is left
	@exec $(RUN) workbench.translations $(ARGS)

lint:  ## Run all linters and let them repair what they can; ARGS=ruff-check runs one
	@$(ENVIRONMENT) python
	@PATH="$(CURDIR)/.dev/node:$$PATH" .dev/venv/bin/pre-commit run --all-files $(ARGS)

clean:  ## Stop a running demo and remove everything that was generated here
	@env PYTHONPATH="$(CURDIR)/dev" $(PYTHON) -m workbench.clean

distclean:  ## The same, and the downloads in the user's cache
	@env PYTHONPATH="$(CURDIR)/dev" $(PYTHON) -m workbench.clean --downloads
