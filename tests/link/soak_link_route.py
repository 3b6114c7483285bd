from odoo.tests import HttpCase

from ..route_common import PortalRouteCommon


class TestPortalRouteSoak(PortalRouteCommon, HttpCase):
    """The same with as many as find what is rare."""

    def test_b2_every_input_is_answered_and_none_is_an_error(self):
        self._send_whatever(2000)
