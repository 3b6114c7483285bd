"""Checks of every text file, whatever its kind."""

import stat
from xml.parsers import expat

from .files import of_type
from .findings import Finding

_BINARY = (".png", ".jpg", ".jpeg", ".gif", ".ico", ".pdf", ".woff", ".woff2", ".zip")
_CONFLICT_MARKS = ("<" * 7 + " ", ">" * 7 + " ")
# Formats in which white space at the end of a line means something.
_SPACES_MATTER = (".md", ".po", ".pot")


def check(root, files):
    """Check all files.

    :param pathlib.Path root: the repository's root
    :param list[str] files: relative paths
    :rtype: list[Finding]
    """
    findings = list(_check_names(files))
    for name in files:
        if not name.endswith(_BINARY):
            findings += check_text(name, (root / name).read_bytes())
        findings += _check_mode(root, name)
    return findings


def fix(root, files):
    """Repair line ends, white space at line ends and the end of files.

    :param pathlib.Path root: the repository's root
    :param list[str] files: relative paths
    """
    for name in files:
        if name.endswith(_BINARY):
            continue
        content = (root / name).read_bytes()
        fixed = fix_text(name, content)
        if fixed != content:
            (root / name).write_bytes(fixed)


def fix_text(name, content):
    """Return a text file's content with its white space put right.

    :param str name: relative path
    :param bytes content: the file's content
    :rtype: bytes
    """
    if not content.strip():
        return b""
    lines = content.replace(b"\r\n", b"\n").split(b"\n")
    if not name.endswith(_SPACES_MATTER):
        lines = [line.rstrip(b" \t\r") for line in lines]
    return b"\n".join(lines).rstrip(b"\n") + b"\n"


def check_text(name, content):
    """Check one text file.

    :param str name: relative path
    :param bytes content: the file's content
    :rtype: list[Finding]
    """
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return [Finding(name, line, "is not UTF-8")]
    findings = list(_check_lines(name, text))
    if content and (not content.endswith(b"\n") or content.endswith(b"\n\n")):
        last = len(text.splitlines())
        findings.append(Finding(name, last, "does not end with one line end"))
    if name.endswith((".xml", ".svg")):
        findings += _check_xml(name, content)
    return findings


def _check_lines(name, text):
    """Yield what is wrong with single lines."""
    for number, line in enumerate(text.split("\n"), 1):
        if line.endswith("\r"):
            yield Finding(name, number, "line ends with a carriage return")
        elif line != line.rstrip(" \t") and not name.endswith(_SPACES_MATTER):
            yield Finding(name, number, "white space at the end of the line")
        if line.startswith(_CONFLICT_MARKS):
            yield Finding(name, number, "mark of an unresolved merge conflict")


def _check_xml(name, content):
    """Yield where an XML file is not well-formed."""
    try:
        expat.ParserCreate().Parse(content, True)
    except expat.ExpatError as error:
        yield Finding(name, error.lineno, f"is not well-formed XML: {error}")


def _check_mode(root, name):
    """Yield whether a file is executable without saying by what."""
    path = root / name
    is_executable = path.stat().st_mode & stat.S_IXUSR
    has_shebang = path.read_bytes()[:2] == b"#!"
    if is_executable and not has_shebang:
        yield Finding(name, 1, "is executable but has no #! line")


def _check_names(files):
    """Yield files whose names make trouble or do not belong here."""
    seen = {}
    for name in files:
        other = seen.setdefault(name.lower(), name)
        if other != name:
            yield Finding(name, 1, f"differs from {other} only in upper and lower case")
    for name in of_type(files, ".rej", ".orig", "i18n/en.po"):
        yield Finding(name, 1, "does not belong into the repository")
