from . import account_move
from . import account_move_portal_failed_lookup
from . import account_move_portal_link
from . import account_move_portal_link_request
from . import ir_http
from . import mail_thread
from . import payment_transaction
from . import res_partner
