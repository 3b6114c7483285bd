from . import models
from . import report
from . import wizard
from . import controllers
from .tools.log_filter import install as hide_tokens_in_logs

hide_tokens_in_logs()
