"""Run the tests of PDF and Stripe with the lowest and the newest packages.

The lowest are those of ``requirements.txt``, which Odoo.sh installs and the manifest
asks for; the newest are what the package index has today.
"""

import re
import sys

from workbench.provision.python_env import uv_pip

from .environment import run_alone
from .run import run

#: What meets these packages; the rest of the suite does not.
TESTS = (
    "tests/document/test_pdf_check.py",
    "tests/document/test_pdf_engine.py",
    "tests/document/test_invoice_report.py",
    "tests/payment/test_payment_catch_up.py",
    "tests/payment/test_payment_dispute.py",
    "tests/payment/test_payment_stripe.py",
    "tests/payment/test_payment_stripe_errors.py",
    "tests/payment/test_stripe_params.py",
)
_REQUIREMENT = re.compile(r"^(\w+)>=([\d.]+)$", re.MULTILINE)


def requirements(root):
    """Read what the add-on needs.

    :param pathlib.Path root: of the project
    :return: the lowest version of each package
    :rtype: dict[str, str]
    """
    return dict(_REQUIREMENT.findall((root / "requirements.txt").read_text()))


def install(project, label, wanted):
    """Put packages into a folder of their own.

    :param str label: of the folder
    :param list wanted: the requirements
    :return: the folder
    :rtype: pathlib.Path
    """
    folder = project.state / "versions" / label
    # What they need in turn is in the virtual environment.
    options = ("--upgrade", "--no-deps", "--target", folder)
    uv_pip(
        project, project.logs / f"versions-{label}.log", "install", *options, *wanted
    )
    return folder


def run_with_both(environment):
    """Run the tests with the lowest packages, and with the newest.

    :return: exit code
    :rtype: int
    """
    console, project = environment.console, environment.project
    lowest = requirements(project.root)
    choices = {
        "lowest": [f"{name}=={version}" for name, version in lowest.items()],
        "newest": list(lowest),
    }
    codes = []
    for label, wanted in choices.items():
        with console.step(f"The {label} packages"):
            folder = install(project, label, wanted)
        found = sorted(path.stem for path in folder.glob("*.dist-info"))
        console.say(f"    {', '.join(found)}")
        environment.odoo.packages = (folder,)
        codes.append(run(environment, list(TESTS)))
    return max(codes)


if __name__ == "__main__":
    sys.exit(run_alone(run_with_both))
