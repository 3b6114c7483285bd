from . import payment
from . import portal
from . import preview
from . import stripe
from . import visits
