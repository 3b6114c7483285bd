from odoo.tests import HttpCase

from ..route_common import PortalRouteCommon


class TestPortalRoute(PortalRouteCommon, HttpCase):
    """Public addresses answer whatever is sent to them: a sample."""

    def test_b2_every_input_is_answered_and_none_is_an_error(self):
        self._send_whatever(400)
