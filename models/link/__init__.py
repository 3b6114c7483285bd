from . import account_move
from . import account_move_portal_failed_lookup
from . import account_move_portal_link
from . import account_move_portal_link_request
from . import mail_thread
from . import res_partner
