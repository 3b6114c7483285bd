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
        const {root} = this.model;
        const maySend = () =>
            this.mayUsePortalLinks && root.resId && root.data.can_send_portal_link;
        return {
            ...super.getStaticActionMenuItems(...arguments),
            sendPortalLink: {
                isAvailable: maySend,
                sequence: 15,
                icon: "fa fa-link",
                description: _t("Email Portal Link"),
                callback: () => this.callOnInvoice("action_open_portal_send"),
            },
            sendWithCore: {
                isAvailable: () => maySend() && root.data.is_portal_send_default,
                sequence: 15,
                icon: "fa fa-paper-plane",
                description: _t("Send without Portal Link"),
                callback: () => this.callOnInvoice("action_open_core_send"),
            },
            copyPortalLink: {
                isAvailable: () => maySend() && root.data.state === "posted",
                sequence: 16,
                icon: "fa fa-clipboard",
                description: _t("Copy Portal Link"),
                callback: () => this.callOnInvoice("action_share_portal_link"),
            },
        };
    },

    /**
     * Save the invoice, and then do what a button of its form would.
     *
     * @param {String} name - The button's method.
     */
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
