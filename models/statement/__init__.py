from . import account_move_portal_link
from . import account_move_portal_attempt
