import {Component, useState} from "@odoo/owl";
import {Dialog} from "@web/core/dialog/dialog";
import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {standardFieldProps} from "@web/views/fields/standard_field_props";
import {useAutofocus, useService} from "@web/core/utils/hooks";

const LINKS = "account.move.portal.link";

/**
 * Shows a link where the browser does not let us copy it: selected, to be copied by hand.
 */
export class LinkDialog extends Component {
    static template = "account_payment_portal.LinkDialog";
    static components = {Dialog};
    static props = {url: String, close: Function};

    setup() {
        // On a phone, too: no keyboard comes up for what cannot be changed.
        useAutofocus({refName: "url", selectAll: true, mobile: true});
    }
}

/**
 * Copies a customer's link in one click.
 */
export class CopyLinkButton extends Component {
    static template = "account_payment_portal.CopyLinkButton";
    static props = {...standardFieldProps, string: {type: String, optional: true}};

    setup() {
        this.orm = useService("orm");
        this.dialog = useService("dialog");
        this.notification = useService("notification");
        this.state = useState({isBusy: false});
    }

    get isVisible() {
        return Boolean(this.props.record.data[this.props.name]);
    }

    async onClick() {
        this.state.isBusy = true;
        // The link is fetched once: each time is noted on the invoice.
        const fetching = this.orm.call(LINKS, "get_url_to_copy", [
            [this.props.record.resId],
        ]);
        try {
            if (await this.copy(fetching)) {
                this.notification.add(_t("Link copied."), {type: "success"});
            } else {
                this.dialog.add(LinkDialog, {url: await fetching});
            }
        } finally {
            this.state.isBusy = false;
        }
    }

    /**
     * The clipboard is asked at once, and given the promise of the link: browsers let a
     * page write to it only while the click is fresh.
     *
     * @param {Promise<String>} fetching - The link, when it has come.
     * @returns {Promise<Boolean>} Whether it was copied.
     */
    async copy(fetching) {
        const {clipboard} = navigator;
        if (!clipboard?.write || !window.ClipboardItem) {
            return false;
        }
        const text = fetching.then((url) => new Blob([url], {type: "text/plain"}));
        // Where the clipboard refuses at once, nobody else waits for it.
        text.catch(() => {});
        try {
            await clipboard.write([new ClipboardItem({"text/plain": text})]);
        } catch {
            await fetching; // What the server says is the user's to know.
            return false;
        }
        return true;
    }
}

registry.category("fields").add("portal_copy_link", {
    component: CopyLinkButton,
    supportedTypes: ["boolean"],
    // Nothing but a button, also where fields have a label.
    label: false,
    isEmpty: () => false,
    extractProps: ({options}) => ({string: options.string}),
});
