from . import controllers
from . import models
from . import wizard
from .portal_logging import install as hide_tokens_in_logs

hide_tokens_in_logs()
