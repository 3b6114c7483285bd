"""The add-on's life in real Odoo processes, with and without ``website``."""

import pytest

from provision.console import Console
from provision.paths import Project
from testing.environment import DEPENDENCIES, WEBSITE, TestEnvironment
from testing.lifecycle import Lifecycle


@pytest.fixture(scope="module")
def environment():
    with TestEnvironment(Project(), Console()).running(shared=True) as running:
        yield running


@pytest.fixture(params=["plain", "website"])
def life(request, environment):
    modules = WEBSITE if request.param == "website" else DEPENDENCIES
    with environment.copy(modules, f"life_{request.param}") as database:
        yield Lifecycle(environment, database)


def test_install_update_uninstall_install(life):
    """Nothing in Odoo's log, and nothing left behind."""
    before = life.content()

    assert life.press("button_immediate_install") == []
    assert life.state() == "installed"
    installed = life.content()
    assert ("table or view", "account_move_portal_link") in installed - before

    assert life.update() == []
    assert life.state() == "installed"
    assert life.content() == installed

    assert life.press("button_immediate_uninstall") == []
    assert life.state() == "uninstalled"
    assert sorted(life.content() - before) == []
    assert sorted(before - life.content()) == []

    assert life.press("button_immediate_install") == []
    assert life.content() == installed
