"""Play the whole story in a browser, against the demo stack, and check each step."""

import signal
import sys
import time

from workbench.demo import interrupt
from workbench.provision.commands import SetupError
from workbench.provision.console import Console
from workbench.provision.paths import Project
from workbench.stack.component import ComponentFailed
from workbench.stack.demo import running_demo
from workbench.story import customer, staff
from workbench.story.step import Player
from workbench.story.story import Story, screens

STEPS = [
    staff.log_in,
    staff.open_invoice,
    staff.open_cog_menu,
    staff.open_window,
    staff.send,
    customer.find_mail,
    customer.read_mail,
    customer.view_invoice,
    customer.be_counted,
    customer.print_invoice,
    customer.download_invoice,
    customer.open_payment,
    customer.enter_card,
    customer.pay,
    customer.see_invoice_paid,
    staff.see_invoice_paid,
    staff.read_notifications,
]


def walk(project, console):
    """Play all steps.

    :return: whether all succeeded
    :rtype: bool
    """
    folder = project.state / "screenshots"
    with running_demo(project, console) as facts, screens() as pages:
        started = time.monotonic()
        story = Story(facts, pages)
        number, name = story.invoice["name"], story.invoice["customer"]["name"]
        console.say(f"\nInvoice {number} of {name}, from the mail to the money:\n")
        succeeded = Player(console, folder).play(story, STEPS)
        seconds = time.monotonic() - started
    if succeeded:
        console.say(f"\nAll {len(STEPS)} steps succeeded, in {seconds:.0f} s.")
        console.say(f"Pictures: {folder}")
    return succeeded


def main():
    """Run from the command line.

    :return: exit code
    :rtype: int
    """
    console, project = Console(), Project()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)
    try:
        return 0 if walk(project, console) else 1
    except (SetupError, ComponentFailed) as error:
        console.say(f"\n{error}")
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
