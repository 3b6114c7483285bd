from . import test_account_move_portal_link
from . import test_account_move_portal_notification
from . import test_account_move_send_portal
from . import test_account_move_send_portal_delivery
from . import test_account_move_send_portal_preview
from . import test_payment
from . import test_payment_browser
from . import test_portal_page
