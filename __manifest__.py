{
    "name": "Invoice Payment Portal",
    "version": "19.0.1.0.0",
    "category": "Accounting/Accounting",
    "summary": "E-mail customers a link to view, print, download and pay an invoice",
    "author": "Invoice Payment Portal contributors",
    "license": "LGPL-3",
    "development_status": "Beta",
    "depends": ["account_payment", "payment_stripe", "base_automation"],
    "external_dependencies": {"python": ["pdfkit", "pypdf", "stripe"]},
    "data": [
        # Security.
        "security/ir.model.access.csv",
        "security/account_payment_portal_security.xml",
        # Reports. Before the data and views that refer to them.
        "report/invoice_report.xml",
        "report/invoice_report_templates.xml",
        "report/payment_receipt_report.xml",
        "report/portal_evidence_report.xml",
        "report/portal_evidence_report_templates.xml",
        # Record data.
        "data/ir_cron_data.xml",
        "data/mail_template_data.xml",
        "data/base_automation_data.xml",
        # Views, room by room.
        "views/settings/res_config_settings_views.xml",
        "views/link/account_move_portal_link_views.xml",
        "views/link/account_move_views.xml",
        "views/visit/account_move_portal_report_views.xml",
        "views/document/account_move_views.xml",
        "views/portal/portal_templates.xml",
        "views/portal/portal_document_templates.xml",
        "views/payment/payment_templates.xml",
        "views/payment/payment_result_templates.xml",
        "views/payment/payment_transaction_views.xml",
        "views/send/mail_templates.xml",
        "views/notify/base_automation_views.xml",
        "wizard/account_move_portal_link_share_views.xml",
        "wizard/account_move_portal_text_translation_views.xml",
        "wizard/account_move_send_portal_views.xml",
    ],
    "assets": {
        "web.assets_backend": [
            "account_payment_portal/static/src/compose/**/*",
            "account_payment_portal/static/src/notification_builder/*.js",
        ],
        # The invoice page's own bundle: it loads nothing of Odoo's front end.
        "account_payment_portal.assets_portal": [
            "account_payment_portal/static/src/portal/portal.css",
            "account_payment_portal/static/src/portal/call_server.js",
            "account_payment_portal/static/src/portal/presence.js",
            "account_payment_portal/static/src/portal/invoice_document.js",
            "account_payment_portal/static/src/portal/payment_result.js",
        ],
        # The payment screen extends core's front-end assets, which it needs.
        "web.assets_frontend": [
            "account_payment_portal/static/src/payment/payment.scss",
            "account_payment_portal/static/src/payment/amount.js",
            "account_payment_portal/static/src/payment/echeck.js",
            "account_payment_portal/static/src/payment/payer_form.js",
            "account_payment_portal/static/src/payment/payment_form.js",
        ],
    },
    "images": ["static/description/banner.png"],
    "application": True,
}
