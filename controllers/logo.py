from odoo import http
from odoo.http import request

# Three pixels of a phone for each of the page's, at the size that the styles allow.
LOGO_SIZE = {"width": 576, "height": 168}


class PortalLogo(http.Controller):
    @http.route(
        "/portal/logo/<int:company_id>",
        type="http",
        auth="public",
        methods=["GET"],
        readonly=True,
        save_session=False,
        sitemap=False,
    )
    def portal_logo(self, company_id, **_kwargs):
        """Hand out a company's logo; core's own is too small for a sharp screen.

        It may be kept for good: its address changes with the company.

        :param int company_id: The company, as a `res.company` id.
        :return: The image.
        :rtype: odoo.http.Response
        """
        # In sudo mode because a logo is on every letter; core shows it to all as well.
        company_sudo = request.env["res.company"].sudo().browse(company_id).exists()
        if not company_sudo.logo:
            raise request.not_found()
        stream = request.env["ir.binary"]._get_image_stream_from(
            company_sudo, "logo", **LOGO_SIZE
        )
        stream.public = True
        return stream.get_response(immutable=True)
