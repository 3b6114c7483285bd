from . import account_move
from . import account_move_portal_link
from . import payment_provider
from . import payment_provider_event
from . import payment_transaction
