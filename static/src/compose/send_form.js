import {onMounted, useExternalListener} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {getTabableElements} from "@web/core/utils/ui";
import {FormController} from "@web/views/form/form_controller";
import {formView} from "@web/views/form/form_view";

/** Shows that the email is on its way, and lets nobody click twice meanwhile. */
export class PortalSendFormController extends FormController {
    setup() {
        super.setup();
        // Before the editor, which would write a tab into the customer's email.
        useExternalListener(window, "keydown", this.onKeydown.bind(this), {
            capture: true,
        });
        onMounted(() => this.showTop());
    }

    /**
     * Show what stands first: what went wrong, or was sent before.
     *
     * The dialog gives the first field the focus, and scrolls to it, however many
     * recipients it holds; it is mounted at once after its form.
     */
    async showTop() {
        await Promise.resolve();
        this.rootRef.el?.closest(".modal-body")?.scrollTo(0, 0);
    }

    async beforeExecuteActionButton(clickParams) {
        if (clickParams.special === "cancel") {
            await this.discardWindow();
        }
        const canGoOn = await super.beforeExecuteActionButton(...arguments);
        this.isSending = canGoOn !== false && clickParams.name === "action_send";
        if (this.isSending) {
            this.ui.block({message: _t("Sending the email…")});
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

    /** Have the server forget the window: that it cannot keeps nobody in it. */
    async discardWindow() {
        const {resModel, resId} = this.model.root;
        if (resId) {
            try {
                await this.orm.silent.call(resModel, "discard_window", [[resId]]);
            } catch {
                // It goes by itself, within hours.
            }
        }
    }

    /**
     * Tab leaves the message, as it leaves every other field.
     *
     * @param {KeyboardEvent} event
     */
    onKeydown(event) {
        const body = event.target.closest?.(".o_portal_compose_body");
        if (!body || event.key !== "Tab" || event.ctrlKey || event.altKey) {
            return;
        }
        const side = event.shiftKey
            ? Node.DOCUMENT_POSITION_PRECEDING
            : Node.DOCUMENT_POSITION_FOLLOWING;
        const form = body.closest(".modal") || document.body;
        const targets = getTabableElements(form).filter(
            (element) =>
                !body.contains(element) && body.compareDocumentPosition(element) & side
        );
        const target = event.shiftKey ? targets.at(-1) : targets[0];
        if (target) {
            event.preventDefault();
            event.stopImmediatePropagation();
            target.focus();
        }
    }
}

registry.category("views").add("portal_send_form", {
    ...formView,
    Controller: PortalSendFormController,
});
