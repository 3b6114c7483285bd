import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {PortalEmailPreview} from "../compose/email_preview";

/** The emails of many invoices, one at a time. */
export class PortalMassPreview extends PortalEmailPreview {
    static template = "account_payment_portal.MassPreview";

    setup() {
        super.setup();
        this.index = 0;
    }

    get positionText() {
        const {position, count} = this.state.mail;
        return _t("%(position)s of %(count)s", {position, count});
    }

    fetchMail({resModel, resId}) {
        return this.orm.call(resModel, "get_email_preview", [[resId], this.index]);
    }

    /**
     * Show the email before, or the next one; the first after the last.
     *
     * @param {Number} step
     */
    async turn(step) {
        const {position, count} = this.state.mail;
        this.index = (position - 1 + step + count) % count;
        await this.refresh();
    }
}

registry.category("view_widgets").add("portal_mass_preview", {
    component: PortalMassPreview,
});
