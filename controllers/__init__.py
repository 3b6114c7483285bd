from . import logo
from . import payment
from . import payment_result
from . import portal
from . import preview
from . import stripe
from . import visits
