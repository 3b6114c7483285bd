from werkzeug.exceptions import NotFound

from odoo import http
from odoo.http import request

from .common import public_route, render


class PortalCheck(http.Controller):
    @public_route("/portal/sample/<string:signed>", type="http", methods=["GET"])
    def portal_sample(self, signed, **_params):
        """Say that the link of a sample works.

        :param str signed: What the sample was signed with.
        :rtype: odoo.http.Response
        :raise NotFound: If it is not ours, or too old.
        """
        read = request.env["account.move.portal.check"]._read_sample(signed)
        if not read:
            raise NotFound()
        company_sudo, proof = read
        return render(
            "account_payment_portal.sample_page",
            {"company": company_sudo, "proof": proof},
        )
