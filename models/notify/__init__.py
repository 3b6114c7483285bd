from . import account_move
from . import account_move_portal_event
from . import account_move_portal_notification
from . import base_automation
from . import ir_actions_server
from . import mail_render_mixin
from . import payment_provider
from . import payment_transaction
