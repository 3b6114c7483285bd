"""The player of the walkthrough: what it prints, saves and answers."""

import io

import pytest
from playwright.sync_api import expect

from workbench.provision.console import Console
from workbench.story.step import DESKTOP, PHONE, Player, expect_that, step
from workbench.story.story import ScriptErrors, screens


@step("A page is opened", on="staff", also=PHONE)
def open_page(_story, page):
    page.set_content("<h1>Hello</h1>")
    expect(page.get_by_role("heading")).to_have_text("Hello")


@step("Something else is expected", on="staff")
def expect_other(_story, page):
    expect(page.get_by_role("heading")).to_have_text("Goodbye", timeout=100)


@step("A fact is expected", on="customer")
def expect_fact(_story, _page):
    expect_that(False, "A letter expected")


@step("A script fails", on="staff")
def run_script(_story, page):
    with page.context.expect_event("weberror"):
        page.evaluate("() => { setTimeout(() => { throw new Error('broken'); }); }")


@pytest.fixture(scope="module")
def pages():
    with screens() as found:
        yield found


class Stage:
    """What the player asks of a story."""

    def __init__(self, pages):
        self.pages = pages
        self.script_errors = ScriptErrors(pages.values())


@pytest.fixture
def play(tmp_path, pages):
    """Plays steps: whether they succeeded, what was printed, which pictures exist."""

    def run(*steps):
        printed = io.StringIO()
        player = Player(Console(printed), tmp_path)
        succeeded = player.play(Stage(pages), steps)
        names = sorted(path.name for path in tmp_path.iterdir())
        return succeeded, printed.getvalue(), names

    return run


def test_success_is_printed_and_photographed_at_both_sizes(play, pages):
    succeeded, printed, names = play(open_page)
    assert succeeded
    assert "1  ✓" in printed and "A page is opened" in printed
    assert names == ["01-open-page-390.png", "01-open-page.png"]
    assert pages["staff"].viewport_size == DESKTOP


def test_first_failure_ends_it_and_says_what_was_expected(play):
    succeeded, printed, names = play(open_page, expect_other, open_page)
    assert not succeeded
    assert "2  ✗" in printed and "Goodbye" in printed
    assert "3  " not in printed
    assert names[-1] == "02-expect-other-failed.png"
    assert names[-1] in printed


def test_fact_off_the_page_is_told_in_its_own_words(play):
    succeeded, printed, _names = play(expect_fact)
    assert not succeeded
    assert "A letter expected" in printed


def test_script_error_fails_the_step(play):
    succeeded, printed, _names = play(open_page, run_script)
    assert not succeeded
    assert "broken" in printed


def test_older_pictures_are_removed(play, tmp_path):
    (tmp_path / "99-old.png").touch()
    assert play(open_page)[2] == ["01-open-page-390.png", "01-open-page.png"]
