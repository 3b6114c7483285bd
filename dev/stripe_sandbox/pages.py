"""What a browser loads: the script, the frames inside it, the hosted pages."""

import json
import time
from html import escape
from pathlib import Path
from string import Template
from urllib.parse import urlencode, urlsplit, urlunsplit

from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from . import bank_debits, intents
from .attempts import finish_challenge
from .currencies import shown
from .errors import StripeError

_STATIC = Path(__file__).parent / "static"
_TYPES = {".js": "text/javascript", ".css": "text/css", ".html": "text/html"}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
    " img-src 'self' data:; base-uri 'none'"
)
# Frames stand in the shop's page, so anybody may embed them; the other pages not.
_FRAMES = ("element.html", "challenge.html")


class Pages:
    """Everything outside of ``/v1`` and ``/_sandbox``.

    :param Sandbox sandbox: backend and keys.
    """

    def __init__(self, sandbox):
        self.sandbox = sandbox
        self.backend = sandbox.backend

    def answer(self, request):
        """Return the response to a Werkzeug request."""
        match request.path.strip("/").split("/"):
            case [""]:
                return _file("index.html")
            case ["v3"]:
                return self._script()
            case ["static", name]:
                return _file(name)
            case ["elements", _kind]:
                return _file("element.html")
            case ["3ds", token]:
                return self._challenge(request, token)
            case ["microdeposits", token]:
                return self._microdeposits(request, token)
        return _not_found()

    def _script(self):
        """Return the script of the page, or the trouble that was planned for it."""
        settings = self.backend.settings
        time.sleep(settings.script_delay)
        if settings.script_status != 200:
            return Response("", settings.script_status)
        return _script(settings.script_calls)

    def _challenge(self, request, token):
        """Show the bank's question, or take the answer to it."""
        with self.backend.lock:
            intent = intents.find_by_token(self.backend, "_challenge", token)
            if intent is None:
                return _gone("This authentication is over.")
            if request.method != "POST":
                return _filled("challenge.html", **_subject(intent))
            back = intent["_attempt"].get("return_url")
            direct = (intent["next_action"] or {}).get("type") == "redirect_to_url"
            finish_challenge(
                self.backend, intent, request.form.get("result") == "complete"
            )
            self.backend.run_due()
            query = intents.return_query(intent)
        self.sandbox.save()
        if direct and back:
            return redirect(with_query(back, query), 303)
        return _filled("challenge_done.html")

    def _microdeposits(self, request, token):
        """Show the form for what is on the bank statement, or check it."""
        with self.backend.lock:
            intent = intents.find_by_token(self.backend, "_verification", token)
            if intent is None:
                return _gone("This verification link is no longer valid.")
            details = intent["next_action"]["verify_with_microdeposits"]
            kind, message = details["microdeposit_type"], ""
            if request.method == "POST":
                message = self._verify(request.form, intent, kind)
                if not message:
                    self.backend.run_due()
                    self.sandbox.save()
                    return _filled("microdeposits_done.html", **_subject(intent))
            page = f"microdeposits_{kind}.html"
            hidden = "" if message else "hidden"
            return _filled(page, message=message, hidden=hidden, **_subject(intent))

    def _verify(self, form, intent, kind):
        """Return the reason why the form's values are wrong, or an empty text."""
        try:
            if kind == "amounts":
                cents = [int(form.get(n, "")) for n in ("amount1", "amount2")]
                bank_debits.verify(self.backend, intent, amounts=cents)
            else:
                code = form.get("descriptor_code", "").strip()
                bank_debits.verify(self.backend, intent, descriptor_code=code)
        except ValueError:
            return "Enter both amounts in cents, such as 32 and 45."
        except StripeError as error:
            self.sandbox.save()
            return error.message
        return ""


def with_query(url, query):
    """Return a URL with parameters added to those it has."""
    parts = urlsplit(url)
    joined = "&".join(filter(None, (parts.query, urlencode(query))))
    return urlunsplit(parts._replace(query=joined))


def _subject(intent):
    amount = intent.get("amount")
    text = shown(amount, intent["currency"]) if amount else "saving your payment method"
    return {"amount": text, "status": intent["status"].replace("_", " ")}


def _file(name):
    path = _STATIC / name
    if path.suffix not in _TYPES or not path.is_file() or path.parent != _STATIC:
        return _not_found()
    return _respond(path.read_text(), name)


def _script(calls):
    """Return the script of the page: its parts in one function."""
    parts = [_STATIC / "shared.js", *sorted((_STATIC / "v3").glob("*.js"))]
    code = "\n".join(part.read_text() for part in parts)
    code = f"const CALLS = {json.dumps(calls)};\n{code}"
    return _respond(f'(function () {{\n"use strict";\n{code}}})();\n', "v3.js")


def _filled(name, http_status=200, **values):
    text = Template((_STATIC / name).read_text())
    safe = {key: escape(str(value)) for key, value in values.items()}
    return _respond(text.substitute(safe), name, http_status)


def _respond(text, name, status=200):
    kind = _TYPES[Path(name).suffix]
    response = Response(text, status, content_type=f"{kind}; charset=utf-8")
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "no-store"
    if kind == "text/html":
        framed = "*" if name in (*_FRAMES, "challenge_done.html") else "'none'"
        response.headers["Content-Security-Policy"] = (
            f"{_POLICY}; form-action *; frame-ancestors {framed}"
        )
        response.headers["Referrer-Policy"] = "no-referrer"
    else:
        response.headers["Access-Control-Allow-Origin"] = "*"
    return response


def _gone(message):
    return _filled("gone.html", 404, message=message)


def _not_found():
    return Response(
        json.dumps({"error": "not found"}), 404, mimetype="application/json"
    )
