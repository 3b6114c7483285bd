from . import invoice
from . import visit
from . import payment
from . import stripe
from . import preview
