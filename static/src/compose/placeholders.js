import {Component, onWillStart, useState} from "@odoo/owl";
import {browser} from "@web/core/browser/browser";
import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {useService} from "@web/core/utils/hooks";
import {standardWidgetProps} from "@web/views/widgets/standard_widget_props";

/** The placeholders of mail texts, explained; one click puts one where the cursor is. */
export class PortalPlaceholders extends Component {
    static template = "account_payment_portal.Placeholders";
    static props = standardWidgetProps;

    setup() {
        this.orm = useService("orm");
        this.notification = useService("notification");
        this.state = useState({placeholders: []});
        onWillStart(async () => {
            const placeholders = await this.orm.call(
                "account.move.portal.text",
                "get_placeholders",
                []
            );
            this.state.placeholders = Object.entries(placeholders);
        });
    }

    async insert(name) {
        const text = `{{${name}}}`;
        const target = document.activeElement;
        if (target?.isContentEditable || target?.matches("input, textarea")) {
            // The one way in which a browser and its editors know of it, undo included.
            document.execCommand("insertText", false, text);
        } else {
            await browser.navigator.clipboard.writeText(text);
            this.notification.add(_t("%s copied. Paste it into the text.", text));
        }
    }
}

registry.category("view_widgets").add("portal_placeholders", {
    component: PortalPlaceholders,
});
