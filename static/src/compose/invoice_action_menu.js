import {onWillStart} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {user} from "@web/core/user";
import {patch} from "@web/core/utils/patch";
import {AccountMoveFormController} from "@account/components/account_move_form/account_move_form";

/** The action menu's entry: on customer invoices only, which a server action cannot. */
patch(AccountMoveFormController.prototype, {
    setup() {
        super.setup(...arguments);
        onWillStart(async () => {
            this.maySendPortalLink = await user.hasGroup(
                "account.group_account_invoice"
            );
        });
    },

    getStaticActionMenuItems() {
        const {root} = this.model;
        return {
            ...super.getStaticActionMenuItems(...arguments),
            sendPortalLink: {
                isAvailable: () =>
                    this.maySendPortalLink &&
                    root.resId &&
                    root.data.can_send_portal_link,
                sequence: 15,
                icon: "fa fa-link",
                description: _t("Email Portal Link"),
                callback: () => this.sendPortalLink(),
            },
        };
    },

    async sendPortalLink() {
        const {root} = this.model;
        if (await root.save()) {
            await this.env.services.action.doActionButton({
                type: "object",
                name: "action_open_portal_send",
                resModel: root.resModel,
                resId: root.resId,
                resIds: [root.resId],
                context: root.context,
                onClose: () => this.model.load(),
            });
        }
    },
});
