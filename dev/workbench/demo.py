"""Start the demo, say where to look, and run it until Ctrl-C."""

import signal
import sys

from workbench.provision.commands import SIGNALS, SetupError
from workbench.provision.console import Console
from workbench.provision.paths import Project
from workbench.stack.demo import DemoStack
from workbench.stack.leftovers import is_running, read_stack, stop_stack

GUIDE = """
Ready.

  The customer's link     {customer_link}
                          ({invoice}, emailed to {recipient})
  Mailbox                 {mailbox_url}
  Back office             {odoo_url}/odoo      user {login}, password {password}
                          Invoicing > Customers > Invoices > any invoice >
                          Email Portal Link

  Test cards              4242 4242 4242 4242  is accepted
  (any later month,       4000 0000 0000 0002  is declined
  any security code)      4000 0000 0000 9995  is declined: insufficient funds
                          4000 0027 6000 3184  asks for 3-D Secure
  Test bank account       routing number 110000000, account number 000123456789

Logs are in {logs}. Ctrl-C stops everything.
"""


def interrupt(*_signal):
    """Stop the demo, from wherever it is."""
    raise KeyboardInterrupt


def serve(stack, console):
    """Start the stack, print the guide, and wait.

    :raise KeyboardInterrupt: when it is to stop
    """
    facts = stack.start()
    console.say(GUIDE.format(logs=stack.folder / "logs", **facts))
    stack.supervisor.watch()


def main():
    """Run from the command line.

    :return: exit code
    :rtype: int
    """
    console, project = Console(), Project()
    noted = read_stack(project.stack_file)
    if noted and is_running(noted["supervisor"]):
        where = noted.get("odoo_url", "still starting")
        console.say(f"The demo of this clone runs already: {where}")
        return 1
    stop_stack(project.stack_file)
    for number in SIGNALS:
        signal.signal(number, interrupt)
    stack = None
    try:
        stack = DemoStack(project, console)
        serve(stack, console)
    except SetupError as error:
        console.say(f"\n{error}")
        return 1
    except KeyboardInterrupt:
        return 0
    finally:
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        if stack:
            console.say("Stopping.")
            stack.stop()


if __name__ == "__main__":
    sys.exit(main())
