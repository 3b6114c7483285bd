from . import account_move_portal_link_share
from . import account_move_send_portal
