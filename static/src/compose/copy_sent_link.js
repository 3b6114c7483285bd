import {Component, useState} from "@odoo/owl";
import {browser} from "@web/core/browser/browser";
import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {useService} from "@web/core/utils/hooks";
import {standardWidgetProps} from "@web/views/widgets/standard_widget_props";

/** Copies the link that was just sent: one click, and it says so. */
export class PortalCopySentLink extends Component {
    static template = "account_payment_portal.CopySentLink";
    static props = standardWidgetProps;

    setup() {
        this.orm = useService("orm");
        this.state = useState({isCopied: false, url: "", recipient: ""});
    }

    async copy() {
        const {resModel, resId} = this.props.record;
        const link = await this.orm.call(resModel, "get_sent_link", [[resId]]);
        Object.assign(this.state, {isCopied: false, ...link});
        if (this.state.url) {
            try {
                await browser.navigator.clipboard.writeText(this.state.url);
                this.state.isCopied = true;
            } catch {
                // No clipboard without HTTPS: the link is there to be selected.
            }
        }
    }

    get copied() {
        return _t("Link for %s copied.", this.state.recipient);
    }

    select(event) {
        event.target.select();
    }
}

registry.category("view_widgets").add("portal_copy_sent_link", {
    component: PortalCopySentLink,
});
