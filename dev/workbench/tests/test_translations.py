"""The files of translations are complete, current and whole."""

import polib
import pytest

from workbench.translations import FOLDER, TEMPLATE
from workbench.translations.checks import check_entry, check_file
from workbench.translations.memory import read_translations


def kinds(msgid, msgstr):
    """Return the kinds of what is wrong."""
    return [each.kind for each in check_entry(msgid, msgstr)]


def test_translations_are_complete_and_whole():
    wanted = {each.msgid for each in polib.pofile(str(TEMPLATE))}
    assert len(wanted) > 500
    for path in FOLDER.glob("*.po"):
        problems = check_file(polib.pofile(str(path)), wanted)
        assert not problems, "\n".join(map(str, (path.name, *problems[:20])))


@pytest.mark.parametrize(
    ("msgid", "msgstr"),
    [
        ("%(count)s emails", "%(anzahl)s E-Mails"),
        ("%(count)s of %(total)s", "%(count)s von %(count)s"),
        ("Paid by %s", "Bezahlt"),
        ("%s of %s", "%s"),
        ("Dear {{ object.name }}", "Hallo {{ object.nom }}"),
        ("100%% of %(amount)s", "%(amount)d, 100%%"),
    ],
)
def test_changed_placeholder_is_found(msgid, msgstr):
    assert kinds(msgid, msgstr) == ["placeholder"]


@pytest.mark.parametrize(
    ("msgid", "msgstr"),
    [
        ("Pay <b>now</b>", "Payez maintenant"),
        ("Pay <b>now</b>", "Payez <b>maintenant<b>"),
        ("Pay <b>now</b>", "Payez <i>maintenant</i>"),
        ('<a href="/x">Pay</a>', '<a href="/y">Payez</a>'),
        ("<b>a</b><i>b</i>", "<b>a<i>b</b></i>"),
        ("Pay now", "Payez <script>x</script>"),
    ],
)
def test_changed_html_is_found(msgid, msgstr):
    assert kinds(msgid, msgstr) == ["html"]


@pytest.mark.parametrize(
    ("msgid", "msgstr"),
    [
        ("%(count)s of %(total)s", "من %(total)s: %(count)s"),
        ("<b>a</b> and <i>b</i>", "<i>b</i> et <b>a</b>"),
        ('<a title="Pay">x</a>', '<a title="Payer">x</a>'),
        ("a < b", "a < b"),
        ("Paid", "Bezahlt"),
        ("{{ object.name }}: paid", "Payé : {{ object.name }}"),
    ],
)
def test_right_translation_is_let_through(msgid, msgstr):
    assert kinds(msgid, msgstr) == []


def test_lost_space_is_found():
    assert kinds(" days", "Tage") == ["space"]


def test_what_is_left_to_do_is_found():
    entries = polib.POFile()
    entries.append(polib.POEntry(msgid="Paid", msgstr=""))
    entries.append(polib.POEntry(msgid="Open", msgstr="Offen", flags=["fuzzy"]))
    entries.append(polib.POEntry(msgid="Gone", msgstr="Weg"))
    entries.append(
        polib.POEntry(
            msgid="Day", msgid_plural="Days", msgstr="Tag", msgstr_plural={0: "Tag"}
        )
    )
    problems = check_file(entries, {"Paid", "Open", "Day", "New"})
    assert {(each.kind, each.msgid) for each in problems} == {
        ("empty", "Paid"),
        ("fuzzy", "Open"),
        ("stale", "Gone"),
        ("plural", "Day"),
        ("absent", "New"),
    }


def test_odoo_knows_its_own_words(tmp_path):
    for module, said in (("mail", "Rechnung (mail)"), ("account", "Rechnung")):
        folder = tmp_path / module / "i18n"
        folder.mkdir(parents=True)
        entries = polib.POFile()
        entries.append(polib.POEntry(msgid="Invoice", msgstr=said))
        entries.save(str(folder / "de.po"))
    memory = read_translations([tmp_path], "de")
    assert memory.get("Invoice") == "Rechnung"
    assert memory.get("invoice") is None
