"""The ``/v1`` API: from an HTTP request to Stripe's answer."""

import json
import logging
import re
from dataclasses import dataclass, field

from werkzeug.wrappers import Response

from . import auth, faults, forms, render, schema, versions
from .errors import API_ERROR, StripeError, invalid, unimplemented
from .idempotency import Idempotency
from .resources.base import Page
from .routes import ROUTES
from .store import random_text

_logger = logging.getLogger(__name__)

_SECRET_PARAMS = ("number", "cvc", "account_number", "key")
_CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Request-Id, Stripe-Should-Retry",
    "Access-Control-Max-Age": "300",
}
_PREFLIGHT = {
    **_CORS,
    "Access-Control-Allow-Methods": "GET, HEAD, POST, DELETE",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Stripe-Version",
}


@dataclass
class ApiRequest:
    """What a test may want to know of a request; no number or key is in it."""

    method: str
    path: str
    params: dict = field(default_factory=dict)
    idempotency_key: str = None
    source: str = ""
    version: str = ""
    status: int = 0
    request_id: str = ""
    replayed: bool = False


@dataclass
class Call:
    """What a resource's handler gets.

    :param dict params: checked and converted.
    :param str source: ``api`` or ``browser``.
    :param str client_secret: as sent, or None.
    :param dict client_context: what Elements was told, from the browser only.
    """

    backend: object
    params: dict
    version: str
    source: str
    client_secret: str = None
    client_context: dict = field(default_factory=dict)


@dataclass
class Exchange:
    """One request on its way through the API."""

    record: ApiRequest
    raw: dict
    route: object = None
    object_id: str = None
    begun: bool = False
    answer: dict = None

    def remember(self, answer):
        """Keep what a repetition with the same idempotency key gets.

        Nothing is kept when the work was not begun, as when parameters were
        refused: the key can then be used again.
        """
        status, body, _headers = answer
        if self.begun:
            request_id = self.record.request_id
            self.answer = {"status": status, "body": body, "request": request_id}


class Api:
    """Answers requests below ``/v1``.

    :param Sandbox sandbox: keys, backend, faults and settings.
    """

    def __init__(self, sandbox):
        self.sandbox = sandbox
        self.backend = sandbox.backend
        self.idempotency = Idempotency(self.backend)

    def answer(self, request):
        """Return the response to a Werkzeug request.

        :raise ConnectionDropped: a test asked for it.
        """
        if request.method == "OPTIONS":
            return Response(status=204, headers=_PREFLIGHT)
        record = ApiRequest(
            request.method,
            request.path,
            idempotency_key=request.headers.get("Idempotency-Key"),
            request_id=f"req_{random_text(14)}",
        )
        self.sandbox.requests_seen.append(record)
        try:
            status, body, headers = self._serve(request, record)
        except StripeError as error:
            status, body, headers = self._failure(error, record)
        except faults.ConnectionDropped:
            raise
        except Exception:  # an error of the sandbox itself, to be seen in its log
            _logger.exception("%s %s failed", record.method, record.path)
            broken = "The Stripe sandbox failed; see its log."
            error = StripeError(500, API_ERROR, broken)
            status, body, headers = self._failure(error, record)
        record.status = status
        _logger.info("%s %s %s", record.method, record.path, status)
        return self._response(record, status, body, headers)

    def _serve(self, request, record):
        params = _params(request)
        record.params = masked_params(params)
        key = auth.key_of(request, params)
        record.source = auth.source_of(
            key, self.sandbox.secret_key, self.sandbox.publishable_key
        )
        record.version = self._version(request, params)
        self._check_account(request, key)
        exchange = Exchange(record, params)
        exchange.route, exchange.object_id = _route(record.method, record.path)
        if not exchange.route.client:
            auth.require_secret_key(record.source)
        if record.idempotency_key and record.method == "POST":
            return self._serve_once(exchange)
        return self._attempt(exchange)

    def _serve_once(self, exchange):
        record = exchange.record
        claim = (record.idempotency_key, record.method, record.path, exchange.raw)
        kept = self.idempotency.begin(*claim)
        if kept:
            record.replayed = True
            again = {"Idempotent-Replayed": "true", "Original-Request": kept["request"]}
            return kept["status"], kept["body"], again
        try:
            return self._attempt(exchange)
        finally:
            self.idempotency.finish(*claim, exchange.answer)

    def _attempt(self, exchange):
        """Do the work, then fail if a test planned it; return the answer."""
        record = exchange.record
        try:
            answer = 200, self._work(exchange), {}
        except StripeError as error:
            answer = self._failure(error, record)
        exchange.remember(answer)
        if exchange.begun:
            try:
                self.sandbox.faults.strike(faults.AFTER, record)
            except StripeError as error:
                answer = self._failure(error, record)
                exchange.remember(answer)
        return answer

    def _work(self, exchange):
        """Check the parameters, do the work and return the answer's body."""
        record = exchange.record
        self.sandbox.faults.strike(faults.BEFORE, record)
        call = self._call(exchange)
        exchange.begun = True
        self.backend.run_due()
        with self.backend.request(record.request_id, record.idempotency_key):
            result = exchange.route.run(call, exchange.object_id)
            body = self._rendered(result, call, record.path)
        self.backend.run_due()
        if record.method != "GET":
            self.sandbox.save()
        return body

    def _call(self, exchange):
        route, record = exchange.route, exchange.record
        params, client = _split_client_params(exchange.raw, record.source)
        unsafe = route.prepare(params, record.source) if route.prepare else {}
        extra = _legacy_fields(route, record.version, params)
        checked = schema.check(schema.params_class(route.operation), params, extra)
        if missing := route.unsupported(checked):
            raise unimplemented(missing)
        checked.update(unsafe)
        return Call(
            self.backend,
            checked,
            record.version,
            record.source,
            client_secret=client.get("client_secret") or checked.get("client_secret"),
            client_context=client.get("client_context", {}),
        )

    def _rendered(self, result, call, url):
        expand = call.params.get("expand", [])
        if not isinstance(result, Page):
            return self._shown(result, call, expand)
        inner = [path[5:] for path in expand if path.startswith("data.")]
        if len(inner) < len(expand):
            raise invalid("Lists expand with the prefix 'data.'.", "expand")
        data = [self._shown(obj, call, inner) for obj in result.objects]
        return render.list_object(data, url, result.has_more)

    def _shown(self, obj, caller, expand=()):
        """Return an object as a :class:`Call` or an :class:`ApiRequest` may see it."""
        if obj.get("deleted"):
            return obj
        shown = render.full(self.backend, obj, caller.version, expand)
        return render.for_client(shown) if caller.source == auth.BROWSER else shown

    def _failure(self, error, record):
        """Return status, body and headers of an error, its objects rendered."""
        with self.backend.lock:
            body = error.body()
            for kind in ("payment_intent", "setup_intent", "payment_method"):
                if isinstance(obj := body["error"].get(kind), dict):
                    body["error"][kind] = self._shown(obj, record)
        if error.status == 402:  # the attempt itself was work
            self.sandbox.save()
        return error.status, body, error.headers

    def _version(self, request, params):
        default = self.backend.settings.default_api_version
        version = request.headers.get("Stripe-Version") or params.get("_stripe_version")
        version = (version or default).partition(";")[0].strip()
        if version not in versions.known():
            raise invalid(f"Invalid Stripe API version: {version}.")
        return version

    def _check_account(self, request, key):
        """Refuse to act for a connected account: there is none."""
        account = request.headers.get("Stripe-Account")
        if account and account != (self.backend.store.account or {}).get("id"):
            raise invalid(
                f"The provided key '{auth.masked(key)}' does not have access to account"
                f" '{account}' (or that account does not exist). Application access may"
                " have been revoked.",
                code="account_invalid",
                status=403,
            )

    def _response(self, record, status, body, headers):
        default = self.backend.settings.default_api_version
        response = Response(
            json.dumps(body, indent=2) + "\n",
            status,
            {
                **_CORS,
                "Cache-Control": "no-cache, no-store",
                "Request-Id": record.request_id,
                "Stripe-Version": record.version or default,
            },
            mimetype="application/json",
        )
        if record.idempotency_key:
            response.headers["Idempotency-Key"] = record.idempotency_key
        if status >= 400:
            response.headers.setdefault("Stripe-Should-Retry", "false")
        response.headers.update(headers)
        return response


def _params(request):
    body = request.get_data(as_text=True)
    if body and request.mimetype != "application/x-www-form-urlencoded":
        raise invalid(
            "Invalid request (check that your POST content type is"
            " application/x-www-form-urlencoded). If you have any questions, we can"
            " help at https://support.stripe.com/."
        )
    return forms.parse(request.query_string.decode(), body)


def masked_params(value):
    """Return parameters without card and bank numbers, for the request log."""
    if isinstance(value, list):
        return [masked_params(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: "****" if key in _SECRET_PARAMS else masked_params(item)
        for key, item in value.items()
    }


def _route(method, path):
    for route in ROUTES:
        if route.method == method and (match := route.pattern.fullmatch(path)):
            return route, match.groupdict().get("object_id")
    raise invalid(
        f"Unrecognized request URL ({method}: {re.sub(r'//+', '/', path)}). Please see"
        " https://stripe.com/docs or we can help at https://support.stripe.com/.",
        status=404,
    )


def _split_client_params(params, source):
    """Return the API's own parameters, and those that only Stripe.js sends."""
    own = ("key", "_stripe_version", "client_secret", "client_context")
    if source != auth.BROWSER:
        return dict(params), {}
    client = {name: params[name] for name in own if name in params}
    return {k: v for k, v in params.items() if k not in client}, client


def _legacy_fields(route, version, params):
    legacy = versions.legacy_fields(route.operation)
    if versions.before(version, versions.METHOD_TYPES_PARAM_UNTIL):
        return legacy
    for name in legacy.keys() & params.keys():
        raise invalid(
            f"The parameter {name} is no longer supported in this API version. Use"
            " allowed_payment_method_types or dynamic payment methods.",
            name,
            f"{name}_no_longer_supported",
        )
    return {}
