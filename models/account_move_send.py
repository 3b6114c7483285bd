from odoo import api, models


class AccountMoveSend(models.AbstractModel):
    _inherit = "account.move.send"

    # === BUSINESS METHODS - SUPPORTING DOCUMENTS === #

    @api.model
    def _get_portal_document_sources(self, move):
        """Return the records whose files may support an invoice.

        What an invoice came from depends on which applications are installed: each
        path is followed as far as its fields exist. Override to add more.

        :param account.move move: The invoice, in sudo mode.
        :return: The records, the invoice first.
        :rtype: list[models.Model]
        """
        orders = _follow(move, "invoice_line_ids.sale_line_ids.order_id")
        sources = [move]
        for record, path in [
            (move, "invoice_line_ids.sale_line_ids.order_id"),
            (orders, "picking_ids"),
            (orders, "repair_order_ids"),
            (move, "invoice_line_ids.sale_line_ids.task_id"),
            (orders, "tasks_ids"),
            (move, "timesheet_ids.task_id"),
            (orders, "project_ids"),
            (move, "invoice_line_ids.sale_line_ids.project_id"),
            (move, "timesheet_ids.project_id"),
            (move, "pos_order_ids"),
        ]:
            sources.append(_follow(record, path))
        return [source for source in sources if source]

    @api.model
    def _get_portal_documents(self, move):
        """Return the files that may support an invoice, with where they are from.

        The invoice's own PDF and e-invoice are not among them: those go anyway.

        :param account.move move: The invoice.
        :return: The files that the user may read, by the record they are on.
        :rtype: dict[models.Model, ir.attachment]
        """
        # In sudo mode to find out where the invoice came from; what the user may not
        # read is left out in the end.
        sources = self._get_portal_document_sources(move.sudo())
        own = self._get_invoice_extra_attachments(move.sudo())
        documents, seen = {}, set(own.ids)
        for source in sources:
            for record in source.with_env(self.env)._filtered_access("read"):
                files = self.env["ir.attachment"].search(
                    [
                        ("res_model", "=", record._name),
                        ("res_id", "=", record.id),
                        ("res_field", "=", False),  # Else it is part of the record.
                        ("type", "=", "binary"),
                        ("id", "not in", list(seen)),
                    ],
                    order="id",
                )
                if files:
                    documents[record] = files
                    seen.update(files.ids)
        return documents


def _follow(records, path):
    """Return what a path of relational fields leads to, as far as its fields exist.

    :param models.Model|None records: Where to start.
    :param str path: Names of fields, separated by dots.
    :rtype: models.Model | None
    """
    for name in path.split("."):
        if not records or name not in records._fields:
            return None
        records = records[name]
    return records
