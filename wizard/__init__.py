from . import account_move_portal_window
from . import account_move_portal_link_share
from . import account_move_portal_text_translation
from . import account_move_send_portal
from . import account_move_send_portal_check
from . import account_move_send_portal_document
from . import account_move_send_portal_mass
