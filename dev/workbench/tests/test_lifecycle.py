"""The add-on's life in real Odoo processes, with and without ``website``."""

from contextlib import ExitStack

import pytest

from workbench.provision.console import Console
from workbench.provision.paths import Project
from workbench.testing.environment import LEAN, WEBSITE, TestEnvironment
from workbench.testing.lifecycle import Lifecycle


@pytest.fixture(scope="module")
def environment():
    with TestEnvironment(Project(), Console()).running(shared=True) as running:
        yield running


@pytest.fixture
def lives(environment):
    """Start a life on a copy of a template."""
    with ExitStack() as stack:

        def start(template):
            copy = environment.copy(template, f"life_{template.name}")
            return Lifecycle(environment, stack.enter_context(copy))

        yield start


def install(life):
    """Install the add-on; return what there was before, and what there is now."""
    before = life.content()
    assert life.press("button_immediate_install") == []
    assert life.state() == "installed"
    installed = life.content()
    assert ("table or view", "account_move_portal_link") in installed - before
    return before, installed


def uninstall(life, before):
    """Uninstall the add-on; nothing is left behind."""
    assert life.press("button_immediate_uninstall") == []
    assert life.state() == "uninstalled"
    assert sorted(life.content() - before) == []
    assert sorted(before - life.content()) == []


def test_install_update_uninstall(lives):
    """Nothing in Odoo's log at any step."""
    life = lives(LEAN)
    before, installed = install(life)
    assert life.update() == []
    assert life.state() == "installed"
    assert life.content() == installed
    uninstall(life, before)


def test_install_uninstall_with_website(lives):
    """``website`` extends much of what the add-on extends."""
    life = lives(WEBSITE)
    before, _installed = install(life)
    uninstall(life, before)
