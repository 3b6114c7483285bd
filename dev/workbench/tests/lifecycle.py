"""Drives the add-on's life in real Odoo processes: install, update, uninstall."""

from workbench.provision.commands import run
from workbench.provision.paths import ADDON
from workbench.provision.steps import write_atomically
from workbench.stack.odoo_server import log_problems

#: Presses a button of the Apps menu, as the administrator.
_BUTTON = """
env["ir.module.module"].update_list()
module = env["ir.module.module"].search([("name", "=", {addon!r})])
assert len(module) == 1, "the add-on is not found"
module.with_user(env.ref("base.user_admin")).{button}()
env.cr.commit()
"""

#: What an add-on can add to a database, by kind: queries that name all there is.
_CONTENT = {
    "table or view": "SELECT table_name FROM information_schema.tables"
    " WHERE table_schema = 'public'",
    "column": "SELECT table_name || '.' || column_name FROM information_schema.columns"
    " WHERE table_schema = 'public'",
    "index": "SELECT indexname FROM pg_indexes WHERE schemaname = 'public'",
    "constraint": "SELECT conrelid::regclass || '.' || conname FROM pg_constraint",
    "function": "SELECT proname FROM pg_proc"
    " WHERE pronamespace = 'public'::regnamespace",
    "trigger": "SELECT tgrelid::regclass || '.' || tgname FROM pg_trigger"
    " WHERE NOT tgisinternal",
    # Odoo gives other modules external ids for what a model of ours inherits (one for
    # each module that extends the parent) and leaves those behind: none is ours.
    "external id": "SELECT module || '.' || name FROM ir_model_data"
    " WHERE model != 'ir.model.inherit' OR module = %(addon)s",
    "model": "SELECT model FROM ir_model",
    "field": "SELECT model || '.' || name FROM ir_model_fields",
    "selection": "SELECT f.model || '.' || f.name || '.' || s.value"
    " FROM ir_model_fields_selection s JOIN ir_model_fields f ON f.id = s.field_id",
    "system parameter": "SELECT key FROM ir_config_parameter",
    "scheduled action": "SELECT cron_name FROM ir_cron",
    "action": "SELECT type || ' ' || (name->>'en_US') FROM ir_actions",
    "automation rule": "SELECT name->>'en_US' FROM base_automation",
    "mail template": "SELECT name->>'en_US' FROM mail_template",
    "user interface view": "SELECT coalesce(key, name) FROM ir_ui_view",
    "menu": "SELECT name->>'en_US' FROM ir_ui_menu",
    "access right": "SELECT name FROM ir_model_access",
    "access rule": "SELECT name FROM ir_rule",
    "asset": "SELECT path FROM ir_asset",
    "attachment": "SELECT coalesce(url, res_model || '.' || res_field, name)"
    " FROM ir_attachment",
}


class Lifecycle:
    """One database, and what is done to it.

    :param TestEnvironment environment: where it is
    :param str database: its name
    """

    def __init__(self, environment, database):
        self.environment = environment
        self.database = database

    def update(self):
        """Update the add-on with ``-u``.

        :return: warnings and errors in Odoo's log
        :rtype: list[str]
        """
        log = self._log("update")
        return self.environment.odoo.job(self.database, log, "-u", ADDON)

    def press(self, button):
        """Press a button of the Apps menu.

        :param str button: such as ``button_immediate_install``
        :return: warnings and errors in Odoo's log
        :rtype: list[str]
        :raise SetupError: if it raises
        """
        return self.shell(button, _BUTTON.format(addon=ADDON, button=button))

    def shell(self, name, source):
        """Run a script in Odoo's shell.

        :param str name: what the script is called
        :param str source: the script
        :return: warnings and errors in Odoo's log
        :rtype: list[str]
        :raise SetupError: if it raises
        """
        odoo, log = self.environment.odoo, self._log(name)
        write_atomically(log, "")
        config = odoo.write_config(f"{self.database}-job.conf", self.database)
        script = self.environment.folder / f"{self.database}-{name}.py"
        script.write_text(source)
        argv = [odoo.project.python, "-m", "odoo", "shell", "-c", config, "--no-http"]
        with script.open() as source:
            run(argv, log, env=odoo.env, stdin=source)
        return log_problems(log)

    def state(self):
        """State of the add-on, such as ``installed``.

        :rtype: str
        """
        query = "SELECT state FROM ir_module_module WHERE name = %s"
        return self.query(query, [ADDON])[0][0]

    def content(self):
        """What is in the database.

        :return: kind and name of each thing
        :rtype: set[tuple[str, str]]
        """
        return {
            (kind, row[0])
            for kind, query in _CONTENT.items()
            for row in self.query(query, {"addon": ADDON})
        }

    def query(self, query, values=()):
        """Rows of a query.

        :param str query: the query
        :param values: its parameters
        :rtype: list[tuple]
        """
        databases = self.environment.databases
        return databases.execute(query, database=self.database, values=values)

    def _log(self, name):
        return self.environment.logs / f"{self.database}-{name}.log"
