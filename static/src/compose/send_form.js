import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {FormController} from "@web/views/form/form_controller";
import {formView} from "@web/views/form/form_view";

/** Shows that the mail is on its way, and lets nobody click twice meanwhile. */
export class PortalSendFormController extends FormController {
    async beforeExecuteActionButton(clickParams) {
        const canGoOn = await super.beforeExecuteActionButton(...arguments);
        this.isSending = canGoOn !== false && clickParams.name === "action_send";
        if (this.isSending) {
            this.ui.block({message: _t("Sending the e-mail…")});
        }
        return canGoOn;
    }

    async afterExecuteActionButton() {
        if (this.isSending) {
            this.isSending = false;
            this.ui.unblock();
        }
        return super.afterExecuteActionButton(...arguments);
    }
}

registry.category("views").add("portal_send_form", {
    ...formView,
    Controller: PortalSendFormController,
});
