from . import account_move_portal_event
from . import account_move_portal_link
from . import account_move
from . import account_move_portal_median
from . import account_move_portal_invoice_report
from . import account_move_portal_report
