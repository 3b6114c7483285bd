{
    "name": "Invoice Payment Portal",
    "version": "19.0.1.0.0",
    "category": "Accounting/Accounting",
    "summary": "Email customers a link to view, print, download and pay an invoice",
    "author": "Invoice Payment Portal contributors",
    "license": "LGPL-3",
    "development_status": "Beta",
    "depends": ["account_payment", "payment_stripe", "base_automation"],
    "external_dependencies": {
        # The lowest versions that are tested, as in requirements.txt.
        "python": ["pdfkit>=1.0.0", "pypdf>=4.3.1", "stripe>=11.0.0"],
    },
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
        "views/link/portal_layout_templates.xml",
        "views/link/account_move_portal_link_views.xml",
        "views/link/account_move_views.xml",
        "views/visit/account_move_views.xml",
        "views/visit/account_move_portal_report_views.xml",
        "views/visit/account_move_portal_invoice_report_views.xml",
        "views/document/account_move_views.xml",
        "views/payment/payment_templates.xml",
        "views/payment/payment_result_templates.xml",
        "views/payment/account_move_portal_attempt_views.xml",
        "views/payment/account_move_portal_dispute_views.xml",
        "views/payment/account_move_portal_todo_views.xml",
        "views/payment/payment_transaction_views.xml",
        "views/payment/account_move_views.xml",
        "views/payment/base_module_uninstall_views.xml",
        "views/send/mail_templates.xml",
        "views/send/account_move_views.xml",
        "views/send/account_move_portal_delivery_views.xml",
        "views/send/account_move_portal_batch_views.xml",
        "views/send/account_move_portal_mail_budget_views.xml",
        "views/send/res_partner_views.xml",
        "views/send/account_journal_views.xml",
        "views/notify/base_automation_views.xml",
        # The page, which shows what is in all rooms.
        "views/portal/portal_templates.xml",
        "views/portal/portal_document_templates.xml",
        "views/portal/portal_account_templates.xml",
        "wizard/account_move_portal_link_share_views.xml",
        "wizard/account_move_portal_text_translation_views.xml",
        "wizard/account_move_send_portal_views.xml",
        "wizard/account_move_send_portal_mass_views.xml",
    ],
    "assets": {
        "web.assets_backend": [
            "account_payment_portal/static/src/compose/**/*",
            "account_payment_portal/static/src/batch/**/*",
            "account_payment_portal/static/src/notification_builder/*.js",
            "account_payment_portal/static/src/links/**/*",
            "account_payment_portal/static/src/dashboard/**/*",
        ],
        # The invoice page's own bundle: it loads nothing of Odoo's front end but its
        # loader of modules.
        "account_payment_portal.assets_portal": [
            "account_payment_portal/static/src/portal/portal.css",
            "web/static/src/module_loader.js",
            "account_payment_portal/static/src/portal/server.js",
            "account_payment_portal/static/src/portal/front_time.js",
            "account_payment_portal/static/src/portal/presence.js",
            "account_payment_portal/static/src/portal/invoice_document.js",
            "account_payment_portal/static/src/portal/payment_result.js",
            "account_payment_portal/static/src/portal/verification.js",
        ],
        # What the page of a customer's account loads beside it.
        "account_payment_portal.assets_account": [
            "account_payment_portal/static/src/account/account.css",
            "account_payment_portal/static/src/account/ticked_total.js",
        ],
        # What the payment screen loads beside it.
        "account_payment_portal.assets_payment": [
            "account_payment_portal/static/src/payment/payment.css",
            "account_payment_portal/static/src/payment/amount.js",
            "account_payment_portal/static/src/payment/feedback.js",
            "account_payment_portal/static/src/payment/billing.js",
            "account_payment_portal/static/src/payment/amount_field.js",
            "account_payment_portal/static/src/payment/echeck.js",
            "account_payment_portal/static/src/payment/stripe_fields.js",
            "account_payment_portal/static/src/payment/payment_screen.js",
        ],
        # The forms of other providers are core's, in a document of their own.
        "account_payment_portal.assets_provider": [
            "account_payment_portal/static/src/payment/payment.css",
            "account_payment_portal/static/src/payment/provider.css",
        ],
        "web.assets_frontend": [
            "account_payment_portal/static/src/payment/provider_form.js",
        ],
        "web.assets_unit_tests": [
            "account_payment_portal/static/src/payment/amount.js",
            "account_payment_portal/static/src/payment/echeck.js",
            "account_payment_portal/static/src/portal/front_time.js",
            "account_payment_portal/static/tests/**/*",
        ],
    },
    "images": ["static/description/banner.png"],
    "application": True,
    "uninstall_hook": "uninstall_hook",
}
