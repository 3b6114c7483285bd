import json

import werkzeug.exceptions

from odoo import models
from odoo.http import Response, request


def _refuse_constant(constant):
    """Refuse what JSON does not know, and Python's reader takes for a number.

    :param str constant: `NaN`, `Infinity` or `-Infinity`.
    :raise ValueError: Always.
    """
    raise ValueError(constant)


class IrHttp(models.AbstractModel):
    _inherit = "ir.http"

    @classmethod
    def _pre_dispatch(cls, rule, args):
        """Override of `base` to answer what is no request at all, on our own routes.

        Core's dispatcher fails on it, and its traceback fills the log.
        """
        result = super()._pre_dispatch(rule, args)
        routing = rule.endpoint.routing
        if routing.get("is_payment_portal") and routing["type"] == "jsonrpc":
            cls._check_portal_json()
        return result

    @classmethod
    def _serve_fallback(cls):
        """Override of `base`: no page has a NUL in its address.

        Core asks the database for it, which does not take one.
        """
        return None if "\0" in request.httprequest.path else super()._serve_fallback()

    @classmethod
    def _check_portal_json(cls):
        """Check that the request's body is a JSON-RPC call that can be worked with.

        :raise HTTPException: 400, if it is not: other JSON, text that is none (a lone
            surrogate), or that PostgreSQL does not take (a NUL).
        """
        try:
            body = json.loads(
                request.httprequest.get_data(as_text=True),
                parse_constant=_refuse_constant,
            )
            params = body.get("params", {})
            text = json.dumps(params, ensure_ascii=False, allow_nan=False)
            text.encode()
            is_call = isinstance(params, dict) and "\\u0000" not in text
        except (AttributeError, ValueError, RecursionError):
            is_call = False
        if not is_call:
            # A response of its own, as in core: what is raised is answered with 200.
            werkzeug.exceptions.abort(Response("Invalid JSON-RPC data", status=400))
