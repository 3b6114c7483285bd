"""One ``wkhtmltopdf`` process that converts any number of pages, one after another.

The process reads its jobs from standard input (``--read-args-from-stdin``) and writes
``Done`` to standard error after each, so the pages of a batch share its start, a page
that fails or hangs is known by name, and the next page is converted while the caller
works on the last one.
"""

import collections
import os
import queue
import re
import signal
import socket
import subprocess
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import pdfkit

from . import fonts
from .errors import CRASH, HANG, REFUSED, ConversionFailed, ConverterMissing

_VERSION = re.compile(r"wkhtmltopdf (\d+)\.(\d+)\.(\d+)")
# --read-args-from-stdin came with 0.10, --disable-local-file-access with 0.12.
_OLDEST = (0, 12, 0)
_PROBE_SECONDS = 10
_EXIT_SECONDS = 5
# Points per CSS pixel as measured on 0.12.6 with plain Qt and 0.12.4 with patched Qt.
_PLAIN_SCALE, _PATCHED_SCALE = 0.576279, 0.75
# Processes that end on their own in a row before the rest of a batch is given up.
_MAX_FAILURES = 3

_OPTIONS = {
    "disable-javascript": "",
    "disable-local-file-access": "",
    "disable-plugins": "",
    # Nothing changes after loading: the default would wait 200 ms for each page.
    "javascript-delay": "1",
    "load-error-handling": "abort",
    "load-media-error-handling": "ignore",
    "encoding": "utf-8",
    "margin-top": "0",
    "margin-bottom": "0",
    "margin-left": "0",
    "margin-right": "0",
}
_PATCHED_OPTIONS = {
    "disable-external-links": "",
    "disable-internal-links": "",
    "disable-smart-shrinking": "",
    "no-outline": "",
    "print-media-type": "",
    "dpi": "96",
}


class Binary(NamedTuple):
    """A ``wkhtmltopdf`` program.

    :ivar bool patched: whether it was built with patched Qt.
    :ivar float scale: points per CSS pixel, see ``scale.measure``.
    """

    path: str
    patched: bool
    scale: float


class Page(NamedTuple):
    """A page to convert; width and height in points."""

    html: str
    width: float
    height: float


def probe(path):
    """Ask a program for its version.

    :param str path: the program.
    :rtype: Binary
    :raise ConverterMissing: there is none, it does not run, or is too old.
    """
    try:
        pdfkit.configuration(wkhtmltopdf=path)
        answer = subprocess.run(
            [path, "--version"],
            capture_output=True,
            text=True,
            timeout=_PROBE_SECONDS,
            check=False,
        ).stdout
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ConverterMissing(path) from error
    version = _VERSION.search(answer)
    if not version or tuple(map(int, version.groups())) < _OLDEST:
        raise ConverterMissing(f"{path} ({answer.strip()[:80]})")
    patched = "with patched qt" in answer
    return Binary(path, patched, _PATCHED_SCALE if patched else _PLAIN_SCALE)


class Converter:
    """Converts pages in a private folder. Use as a context manager.

    :param Binary binary: the program.
    :param float page_seconds: how long one page may take.
    :param float batch_seconds: how long all pages together may take.
    :param tuple[str] font_files: fonts to be used beside the installed ones.
    """

    def __init__(self, binary, page_seconds, batch_seconds, font_files=()):
        self.binary = binary
        self.font_files = font_files
        self.page_seconds = page_seconds
        self.batch_seconds = batch_seconds
        self._process = None
        self._failures = 0
        self._count = 0
        self._arguments = {}

    def __enter__(self):
        self._deadline = None
        self._folder = tempfile.TemporaryDirectory(
            prefix="odoo-pdf-", ignore_cleanup_errors=True
        )
        self._fonts = fonts.install(tuple(self.font_files))
        self._refusal = _refusing_port()
        # It takes its time to start: let it, while the first page is made.
        self._process = _Process(self.binary.path, self._fonts)
        return self

    def __exit__(self, *exception):
        self._stop()
        self._refusal.close()
        self._folder.cleanup()

    def submit(self, page):
        """Hand a page to the process, which converts one after another.

        :param Page page: what to convert.
        :return: what ``result`` takes.
        :rtype: _Job
        """
        self._count += 1
        if self._deadline is None:
            self._deadline = time.monotonic() + self.batch_seconds
        source = Path(self._folder.name, f"page{self._count}.html")
        source.write_text(page.html, encoding="utf-8")
        job = _Job(self._command(page, source), source)
        self._send(job)
        return job

    def result(self, job):
        """Wait for a page.

        :param _Job job: what ``submit`` gave.
        :return: the converted file's path, which is valid until this converter is
            left; or a ConversionFailed.
        """
        while job.messages is None and not job.failure:
            if not self._process or job not in self._process.pending:
                self._send(job)
            if not self._process:
                job.failure = ConversionFailed(CRASH, "given up")
                break
            self._await_next()
        job.source.unlink()
        return job.failure or self._checked(job)

    # --- Jobs

    def _command(self, page, source):
        """The page's command line, as one line of the process's standard input."""
        size = page.width, page.height
        if size not in self._arguments:
            self._arguments[size] = self._size_arguments(source, *size)
        files = _quoted(str(source)), _quoted(str(source.with_suffix(".pdf")))
        return " ".join((*self._arguments[size], *files))

    def _size_arguments(self, source, width, height):
        options = dict(
            _OPTIONS,
            **(_PATCHED_OPTIONS if self.binary.patched else {}),
            **{
                "page-width": f"{width:.2f}pt",
                "page-height": f"{height:.2f}pt",
                "proxy": f"socks5://127.0.0.1:{self._refusal.getsockname()[1]}",
            },
        )
        kit = pdfkit.PDFKit(
            str(source),
            "file",
            options=options,
            configuration=pdfkit.configuration(wkhtmltopdf=self.binary.path),
            # Quiet, the process would not say when a page is done.
            verbose=True,
        )
        _program, *arguments, _source, _target = kit.command("target")
        return [_quoted(argument) for argument in arguments]

    def _send(self, job):
        if self._failures < _MAX_FAILURES:
            if not self._process:
                self._process = _Process(self.binary.path, self._fonts)
            self._process.send(job)

    def _await_next(self):
        """Take the process's next answer; without one, blame the page in its hands."""
        left = max(self._deadline - time.monotonic(), 0.0)
        try:
            self._process.answer(min(self.page_seconds, left))
            self._failures = 0
        except ConversionFailed as failure:
            self._failures += 1
            self._process.pending[0].failure = failure
            self._stop()

    @staticmethod
    def _checked(job):
        target = job.source.with_suffix(".pdf")
        if not target.exists() or not target.stat().st_size:
            return ConversionFailed(REFUSED, job.messages)
        return str(target)

    def _stop(self):
        if self._process:
            self._process.stop()
            self._process = None


class _Job:
    """One line of the process's standard input, and what became of it."""

    def __init__(self, line, source):
        self.line = line
        self.source = source
        self.messages = None
        self.failure = None


class _Process:
    """The running program."""

    def __init__(self, path, font_configuration):
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.lower().endswith("_proxy")
        }
        environment["FONTCONFIG_FILE"] = font_configuration
        # Without a screen, whether or not the distribution has patched that in.
        environment.setdefault("QT_QPA_PLATFORM", "offscreen")
        environment.setdefault("XDG_RUNTIME_DIR", tempfile.gettempdir())
        self._popen = subprocess.Popen(
            [path, "--read-args-from-stdin"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=environment,
            start_new_session=True,
        )
        self.pending = collections.deque()
        self._answers = queue.SimpleQueue()
        self._last_words = ""
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def _listen(self):
        """Turn what the program says into one answer a page.

        A page that cannot be converted ends the program.
        """
        messages = []
        for line in _lines(self._popen.stderr):
            if line.startswith("Done"):
                self._answers.put("\n".join(messages))
                messages = []
            elif line.startswith(("Error", "Warning", "Unknown", "QPainter")):
                messages.append(line)
        self._last_words = "\n".join(messages)
        self._answers.put(None)

    def send(self, job):
        self.pending.append(job)
        # Ended already? Who waits for the answer will learn that.
        with suppress(BrokenPipeError):
            self._popen.stdin.write(job.line.encode() + b"\n")
            self._popen.stdin.flush()

    def answer(self, seconds):
        """Wait until the first pending job is done, and note what was said.

        :raise ConversionFailed: the program hangs or has ended.
        """
        try:
            messages = self._answers.get(timeout=seconds)
        except queue.Empty:
            raise ConversionFailed(HANG, f"{seconds:.0f} s") from None
        if messages is None:
            status = self._popen.wait()
            raise ConversionFailed(CRASH, f"{self._last_words} (status {status})")
        self.pending.popleft().messages = messages

    def stop(self):
        """End the program and what it started; what it has written is complete."""
        with suppress(ProcessLookupError):
            os.killpg(self._popen.pid, signal.SIGKILL)
        self._popen.wait()
        self._listener.join(_EXIT_SECONDS)
        with suppress(BrokenPipeError):
            self._popen.stdin.close()
        self._popen.stderr.close()


def _lines(stream):
    """The lines of a stream as they come; a progress bar's count as lines."""
    rest = b""
    while chunk := os.read(stream.fileno(), 65536):
        *lines, rest = re.split(rb"[\r\n]", rest + chunk)
        yield from (line.decode("utf-8", "replace").strip() for line in lines)


def _quoted(argument):
    """An argument as ``--read-args-from-stdin`` reads it."""
    escaped = argument.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _refusing_port():
    """A port of this machine that refuses connections as long as it is held.

    Given as the proxy, it closes the network to the converter.
    """
    holder = socket.socket()
    holder.bind(("127.0.0.1", 0))
    return holder
