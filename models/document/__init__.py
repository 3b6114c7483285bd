from . import account_move
from . import account_move_portal_link
from . import account_move_send
from . import ir_actions_report
from . import ir_qweb_field_html
