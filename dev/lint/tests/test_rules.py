"""Rules of this project that no other tool knows."""

import pytest

from lint import rules

# Put together here, so that this file does not break the rules itself.
HOME = "/ho" + "me/"
LIVE_KEY = "sk_li" + "ve_51Habcdefgh"
TEST_KEY = "sk_te" + "st_51HabcdefghABCDEFGH"
PRIVATE_KEY = "-----BEGIN RSA PRIV" + "ATE KEY-----"
CARD = "4242 4242 4242 4242"


def messages(name, text, hosts=frozenset()):
    """Return what is found, without its place."""
    return [finding.message for finding in rules.check_text(name, text, hosts)]


@pytest.mark.parametrize(
    "text",
    [
        f"open('{HOME}someone/file')",
        "cd " + "/wo" + "rk/main",
        'PATH="' + "/ro" + 'ot/bin"',
        "see .." + "/shared/design.md",
        "log=" + "/t" + "mp/log",
    ],
)
def test_folders_of_one_machine(text):
    assert messages("dev/a.py", text) == ["names a folder of one machine"]


@pytest.mark.parametrize(
    "text",
    [
        "https://example.com/home/page",
        "~/work/clone",
        "./tmp/x",
        "//root/element",
        "data/home/x",
        "/usr/bin/chromium",
        'route("/portal/invoice")',
    ],
)
def test_other_paths_are_fine(text):
    assert messages("dev/a.py", text) == []


def test_registry_hosts():
    hosts = {"registry.example"}
    text = "ok\nurl = https://registry.example/simple\n"
    [finding] = rules.check_text("dev/a.txt", text, hosts)
    assert finding.line == 2
    assert finding.message == "names the host of a package registry"


@pytest.mark.parametrize("name", ["models/a.py", "dev/a.py", "tests/a.py", "README.md"])
@pytest.mark.parametrize("key", [LIVE_KEY, PRIVATE_KEY])
def test_secret_keys_are_found_everywhere(name, key):
    assert messages(name, f"key = '{key}'") == ["holds a secret key"]


def test_test_keys_are_for_tests():
    text = f"key = '{TEST_KEY}'"
    assert messages("models/a.py", text) == ["holds a key of a Stripe account"]
    assert messages("tests/test_a.py", text) == []
    assert messages("models/a.py", "if key.startswith('sk_test_'):") == []


@pytest.mark.parametrize("number", [CARD, "378282246310005", "4000-0027-6000-3184"])
def test_card_numbers_are_for_tests_and_texts(number):
    assert messages("models/a.py", f"x = '{number}'") == ["holds a card number"]
    assert messages("tests/test_a.py", f"x = '{number}'") == []
    assert messages("dev/a.py", f"x = '{number}'") == []
    assert messages("README.md", f"Pay with {number}.") == []


@pytest.mark.parametrize(
    "text",
    [
        "4242 4242 4242 4241",  # wrong check digit
        "19.0.1.0.0",
        "d=1234567890123456",  # no card begins with 1
        "0.4242424242424242",
        "a4242424242424242",
        "42424242424242424242424242424242",
    ],
)
def test_other_numbers_are_no_card_numbers(text):
    assert rules.find_card_number(text) is None


@pytest.mark.parametrize(
    "digits, passes",
    [("79927398713", True), ("79927398710", False), ("0", True), ("18", True)],
)
def test_passes_luhn(digits, passes):
    assert rules.passes_luhn(digits) is passes


@pytest.mark.parametrize(
    "name, text",
    [
        ("static/src/a.css", "background: url(https://cdn.example/x.png)"),
        ("static/src/a.scss", "@import '//cdn.example/x';"),
        ("static/src/a.js", 'import x from "https://cdn.example/x.js";'),
        ("static/src/a.js", 'await loadJS("https://cdn.example/x.js");'),
        ("static/src/a.js", "fetch('http://cdn.example/x')"),
        ("views/a.xml", '<script src="https://cdn.example/x.js"/>'),
        ("views/a.xml", '<link rel="stylesheet" href="//cdn.example/x.css"/>'),
        ("static/description/index.html", '<img src="https://cdn.example/x.png">'),
    ],
)
def test_assets_of_another_server(name, text):
    assert messages(name, text) == ["loads something from another server"]


@pytest.mark.parametrize(
    "name, text",
    [
        ("views/a.xml", '<a href="https://www.example.com">More</a>'),
        ("views/a.xml", '<img t-att-src="url"/>'),
        ("views/a.xml", '<xpath expr="//div[@src]"/>'),
        ("static/src/a.js", "// see https://www.example.com"),
        ("static/src/a.css", "background: url(/web/image/1)"),
        ("models/a.py", 'src="https://cdn.example"'),
        ("dev/web/a.html", '<img src="http://127.0.0.1/x.png">'),
    ],
)
def test_links_and_own_assets_are_fine(name, text):
    assert messages(name, text) == []


def test_minified_assets():
    assert messages("static/lib/x.min.js", "x") == ["is a minified file"]
    assert messages("static/src/x.js", "x" * 501) == ["looks like minified code"]
    assert messages("static/src/minute.js", "x") == []
    assert messages("static/src/x.xml", "x" * 501) == []


def test_binary_files_are_left_alone(clone):
    root = clone({"a.png": f"\0{CARD}", "b.py": f"# {CARD}"})
    [finding] = rules.check(root, ["a.png", "b.py"], set())
    assert str(finding) == "b.py:1: holds a card number"
