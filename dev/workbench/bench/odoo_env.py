"""An Odoo environment inside the measuring process."""

from contextlib import contextmanager

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
from odoo.tools import config


@contextmanager
def environment(config_file):
    """Open a database as its administrator.

    :param str config_file: Odoo's configuration, which names the database
    :return: the environment, whose work is committed at the end
    """
    config.parse_config(["-c", config_file], setup_logging=False)
    config["test_enable"] = False
    registry = Registry(config["db_name"][0])
    with registry.cursor() as cr:
        yield api.Environment(cr, SUPERUSER_ID, {})
        cr.commit()
