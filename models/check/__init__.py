from . import account_move_portal_check
from . import account_move_portal_check_line
from . import account_move_portal_demo
from . import account_move_portal_link
from . import ir_mail_server
from . import payment_provider
