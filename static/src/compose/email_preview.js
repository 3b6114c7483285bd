import {Component, onMounted, onWillUnmount, useRef, useState} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {useService} from "@web/core/utils/hooks";
import {standardWidgetProps} from "@web/views/widgets/standard_widget_props";

const MAX_RECIPIENTS = 3;

/** The email as the customer will get it, in a frame of its own. */
export class PortalEmailPreview extends Component {
    static template = "account_payment_portal.EmailPreview";
    static props = standardWidgetProps;

    setup() {
        this.orm = useService("orm");
        this.root = useRef("root");
        this.state = useState({
            mail: null,
            isPhone: false,
            isBusy: false,
            isOutdated: false,
        });
        this.onTyped = this.onTyped.bind(this);
        onMounted(() => {
            this.form = this.root.el.closest(".o_form_view");
            for (const type of ["input", "change", "click"]) {
                this.form?.addEventListener(type, this.onTyped);
            }
            this.refresh();
        });
        onWillUnmount(() => {
            for (const type of ["input", "change", "click"]) {
                this.form?.removeEventListener(type, this.onTyped);
            }
        });
    }

    /** Typing, and what removes a recipient or formats a text by a click. */
    async onTyped(event) {
        if (this.root.el?.contains(event.target)) {
            return;
        }
        if (event.type !== "click" || (await this.props.record.isDirty())) {
            this.state.isOutdated = true;
        }
    }

    /** As many recipients as leave room for the email. */
    shorten(recipients) {
        if (recipients.length <= MAX_RECIPIENTS) {
            return recipients.join(", ");
        }
        return _t("%(recipients)s and %(count)s more", {
            recipients: recipients.slice(0, MAX_RECIPIENTS - 1).join(", "),
            count: recipients.length - MAX_RECIPIENTS + 1,
        });
    }

    async refresh() {
        const {record} = this.props;
        this.state.isBusy = true;
        try {
            if (await record.save()) {
                this.state.mail = await this.fetchMail(record);
                this.state.isOutdated = false;
            }
        } finally {
            this.state.isBusy = false;
        }
    }

    fetchMail({resModel, resId}) {
        return this.orm.call(resModel, "get_email_preview", [[resId]]);
    }
}

registry.category("view_widgets").add("portal_email_preview", {
    component: PortalEmailPreview,
});
