import {onWillStart} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {user} from "@web/core/user";
import {patch} from "@web/core/utils/patch";
import {AccountMoveFormController} from "@account/components/account_move_form/account_move_form";

/** The action menu's entries: on customer invoices only, which server actions cannot. */
patch(AccountMoveFormController.prototype, {
    setup() {
        super.setup(...arguments);
        onWillStart(async () => {
            this.mayUsePortalLinks = await user.hasGroup(
                "account.group_account_invoice"
            );
        });
    },

    getStaticActionMenuItems() {
        return {
            ...super.getStaticActionMenuItems(...arguments),
            sendPortalLink: {
<<<<<<< HEAD
                isAvailable: () =>
                    this.maySendPortalLink &&
                    root.resId &&
                    root.data.can_send_portal_link,
=======
                isAvailable: () => this.hasPortalPage(["draft", "posted"]),
>>>>>>> 486f0334bf9ae71d0109d4a6aaf86bae55478bfb
                sequence: 15,
                icon: "fa fa-link",
                description: _t("Email Portal Link"),
                callback: () => this.callOnInvoice("action_open_portal_send"),
            },
            copyPortalLink: {
                isAvailable: () => this.hasPortalPage(["posted"]),
                sequence: 16,
                icon: "fa fa-clipboard",
                description: _t("Copy Portal Link"),
                callback: () => this.callOnInvoice("action_share_portal_link"),
            },
        };
    },

    /**
     * @param {String[]} states - The states of an invoice that has one.
     * @returns {Boolean} - Whether the user may give out a link to the document.
     */
    hasPortalPage(states) {
        const {resId, data} = this.model.root;
        return (
            this.mayUsePortalLinks &&
            Boolean(resId) &&
            data.move_type === "out_invoice" &&
            states.includes(data.state)
        );
    },

    async callOnInvoice(name) {
        const {root} = this.model;
        if (await root.save()) {
            await this.env.services.action.doActionButton({
                type: "object",
                name,
                resModel: root.resModel,
                resId: root.resId,
                resIds: [root.resId],
                context: root.context,
                onClose: () => this.model.load(),
            });
        }
    },
});
