from . import models
from . import report
from . import wizard
from . import controllers
from .tools.log_filter import install as hide_tokens_in_logs

hide_tokens_in_logs()


def uninstall_hook(env):
    """Give up the payments under way, which nobody would follow any more."""
    env["account.move.portal.attempt"]._release_before_uninstall()
