# Rooms, lowest first: a room calls those below it, never those above. So later ones
# override earlier ones, and a model's owner comes before what extends it.
from . import queue
from . import settings
from . import link
from . import visit
from . import document
from . import payment
from . import send
from . import statement
from . import notify
from . import check
