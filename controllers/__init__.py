from . import invoice
from . import visit
from . import payment_screen
from . import payment
from . import account
from . import stripe
from . import preview
from . import customer
