"""What the ORM has no words for: statements, and where a transaction may end."""

from odoo import modules
from odoo.tools import SQL


def can_commit():
    """Return whether a transaction can end here; not so in tests.

    :rtype: bool
    """
    return not modules.module.current_test


def make_array(ids):
    """Return many ids as one value, for `= ANY(...)`.

    A list is adapted and parsed id by id, which takes tens of times as long.

    :param ids: The ids, all of them numbers.
    :rtype: SQL
    """
    return SQL("%s::int[]", "{" + ",".join(map(str, ids)) + "}")


def insert_unless_exists(cr, table, row):
    """Insert a row, unless a unique index says that it exists.

    The ORM has no insertion that gives way on a conflict, and one that is made at each
    visit takes three times as long with it.

    :param odoo.sql_db.Cursor cr: The cursor.
    :param str table: The name of the table.
    :param dict row: The values by column, as PostgreSQL takes them; `None` for nothing,
        or an `SQL` expression.
    :return: The id of the new row; None if it existed.
    :rtype: int | None
    """
    cr.execute(
        SQL(
            "INSERT INTO %s (%s) VALUES (%s) ON CONFLICT DO NOTHING RETURNING id",
            SQL.identifier(table),
            SQL(", ").join(map(SQL.identifier, row)),
            SQL(", ").join(SQL("%s", value) for value in row.values()),
        )
    )
    inserted = cr.fetchone()
    return inserted[0] if inserted else None


def lock(cr, table, row_id):
    """Lock a row until the end of the transaction, waiting for others.

    Not `lock_for_update`: whoever comes second is to wait, not to fail. It is an
    update, so that whoever waited is run again by Odoo and sees what was done: its
    transactions see the database as it was at their beginning (PostgreSQL,
    "Repeatable Read").

    :param odoo.sql_db.Cursor cr: The cursor.
    :param str table: The name of the table.
    :param int row_id: The id of the row.
    """
    cr.execute(
        SQL(
            "UPDATE %s SET write_date = write_date WHERE id = %s",
            SQL.identifier(table),
            row_id,
        ),
        log_exceptions=False,  # That someone else was first is no error.
    )
