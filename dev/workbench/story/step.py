"""Steps of a story: played one after the other, timed, checked and photographed."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Error

#: Widths, in pixels, at which people look at our pages.
DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}


class StepFailed(Exception):
    """What a step expected did not come true; the message says what that was."""


@dataclass(frozen=True)
class Step:
    """One step.

    :param str title: what is done and seen, in a few words
    :param str on: whose screen it is played on, see :attr:`Story.pages`
    :param play: does and checks it; takes the story and the page
    :param also: another size at which it is photographed
    """

    title: str
    on: str
    play: Callable
    also: dict | None

    @property
    def name(self):
        """Part of a file's name.

        :rtype: str
        """
        return self.play.__name__.replace("_", "-")


def step(title, on, also=None):
    """Make a function a :class:`Step`."""
    return lambda play: Step(title, on, play, also)


def expect_that(fact, expected):
    """Check something that is no part of a page.

    :param fact: true if all is well
    :param str expected: what should have been
    :raise StepFailed: if it is not
    """
    if not fact:
        raise StepFailed(expected)


class Player:
    """Plays steps and reports on them.

    :param Console console: where they are printed
    :param pathlib.Path folder: where the pictures go; older ones are removed
    """

    def __init__(self, console, folder):
        self.console = console
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        for picture in folder.glob("*.png"):
            picture.unlink()

    def play(self, story, steps):
        """Play steps until one fails.

        :return: whether all succeeded
        :rtype: bool
        """
        return all(
            self._play_step(story, number, each) for number, each in enumerate(steps, 1)
        )

    def _play_step(self, story, number, this):
        started = time.monotonic()
        label = f"{number:02}-{this.name}"
        try:
            this.play(story, story.pages[this.on])
            story.script_errors.check()
        except (AssertionError, Error, StepFailed) as error:
            self._report("✗", number, this, started)
            self._explain(story.pages[this.on], label, error)
            return False
        self._photograph(story.pages[this.on], label, this)
        self._report("✓", number, this, started)
        return True

    def _report(self, mark, number, this, started):
        seconds = time.monotonic() - started
        self.console.say(f"{number:3}  {mark}  {seconds:5.1f} s  {this.title}")

    def _photograph(self, page, label, this):
        """Save what is to be seen; on a phone the page from top to bottom."""
        size = page.viewport_size
        is_phone = size["width"] == PHONE["width"]
        page.screenshot(path=self.folder / f"{label}.png", full_page=is_phone)
        if this.also:
            page.set_viewport_size(this.also)
            page.screenshot(
                path=self.folder / f"{label}-{this.also['width']}.png",
                full_page=is_phone,
            )
            page.set_viewport_size(size)

    def _explain(self, page, label, error):
        """Say what was expected, and save what was to be seen instead."""
        picture = self.folder / f"{label}-failed.png"
        self.console.say("\n" + readable(error))
        try:
            page.screenshot(path=picture)
        except Error as trouble:
            self.console.say(f"\nNo picture: {trouble.message}")
        else:
            self.console.say(f"\nSeen at that moment, at {page.url}:\n    {picture}")


def readable(error):
    """What an error says, without colours and without the text of the whole page.

    :rtype: str
    """
    text = re.sub(r"\x1b\[\d+m", "", str(error))
    return text.partition("Aria snapshot:")[0].strip()
