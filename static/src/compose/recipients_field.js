import {Component, useRef, useState} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {useBus, useService} from "@web/core/utils/hooks";
import {useDebounced} from "@web/core/utils/timing";
import {standardFieldProps} from "@web/views/fields/standard_field_props";
import {formatList, parseList} from "./address_list";

/** Addresses as tags, completed from contacts while typing; none is ever created. */
export class PortalRecipientsField extends Component {
    static template = "account_payment_portal.RecipientsField";
    static props = {
        ...standardFieldProps,
        placeholder: {type: String, optional: true},
    };

    setup() {
        this.orm = useService("orm");
        this.input = useRef("input");
        // `text` is what the record is being given and does not have yet.
        this.state = useState({options: [], active: -1, text: null});
        // What a key does, and whether it did something.
        this.keys = {
            ArrowDown: () => this.move(1),
            ArrowUp: () => this.move(-1),
            Enter: () => this.choose() || this.take(),
            Tab: () => this.choose(),
            ",": () => this.separate(),
            ";": () => this.separate(),
            Escape: (event) => this.dismiss(event),
            Backspace: () => this.removeLast(),
        };
        this.searchSoon = useDebounced(() => this.search(), 200);
        useBus(this.props.record.model.bus, "NEED_LOCAL_CHANGES", ({detail}) =>
            detail.proms.push(this.commit())
        );
    }

    get typed() {
        return this.input.el ? this.input.el.value.trim() : "";
    }

    get entries() {
        return parseList(this.state.text ?? this.props.record.data[this.props.name]);
    }

    /** The addresses in this field and in its neighbours. */
    get known() {
        const {data} = this.props.record;
        const fields = new Set(["email_to", "email_cc", "email_bcc", this.props.name]);
        const lists = [...fields].map((field) => parseList(data[field]));
        return new Set(lists.flat().map((entry) => entry.email.toLowerCase()));
    }

    get listId() {
        return `${this.props.id || this.props.name}_options`;
    }

    /** The name never without the address: a contact may have several. */
    label({name, email, text, isValid}) {
        if (!isValid) {
            return text;
        }
        return name ? `${name} · ${email}` : email;
    }

    hint(entry) {
        return entry.isValid
            ? this.label(entry)
            : _t("This is not an email address. Double-click to correct it.");
    }

    removeLabel(entry) {
        return _t("Remove %s", this.label(entry));
    }

    async update(entries) {
        const text = formatList(entries);
        this.state.text = text;
        try {
            await this.props.record.update({[this.props.name]: text});
        } finally {
            // Else the next change is under way already, and has this one in it.
            if (this.state.text === text) {
                this.state.text = null;
            }
        }
    }

    async add(text) {
        this.close();
        if (this.input.el) {
            this.input.el.value = "";
        }
        // Read with what is there: "Doe" and "John <john@x.example>" are one entry.
        const before = formatList(this.entries);
        await this.update(parseList(before ? `${before}, ${text}` : text));
    }

    /** Take over what was typed and not yet chosen. */
    async commit() {
        const {typed} = this;
        if (typed) {
            await this.add(typed);
        }
    }

    remove(index) {
        this.input.el?.focus();
        return this.update(this.entries.filter((_entry, at) => at !== index));
    }

    /** A list that is pasted is taken at once: a field of one line would tear it. */
    onPaste(event) {
        const text = event.clipboardData?.getData("text/plain") || "";
        const isList = parseList(text).length > 1 || /[\r\n\t]/.test(text.trim());
        if (isList && !this.typed) {
            event.preventDefault();
            this.add(text);
        }
    }

    /** Put an entry back into the input, to be corrected. */
    async edit(index) {
        const {text} = this.entries[index];
        await this.commit();
        await this.remove(index);
        this.input.el.value = text;
        this.input.el.select();
    }

    async search() {
        const {typed} = this;
        if (!typed) {
            return this.close();
        }
        const options = await this.orm.call("res.partner", "search_portal_recipients", [
            typed,
            this.props.record.data.move_id?.id || false,
        ]);
        if (this.typed !== typed) {
            return;
        }
        const {known} = this;
        this.state.options = options.filter((option) => !known.has(option.email));
        // An address that is complete is taken as typed, unless one chooses otherwise.
        const entries = parseList(typed);
        this.state.active = entries.every((entry) => entry.isValid) ? -1 : 0;
    }

    close() {
        this.state.options = [];
        this.state.active = -1;
    }

    move(step) {
        const count = this.state.options.length;
        if (count) {
            this.state.active = (this.state.active + step + count) % count;
        }
        return count > 0;
    }

    /** Take the completion that is marked, if one is. */
    choose() {
        const chosen = this.state.options[this.state.active];
        const isChosen = Boolean(chosen && this.typed);
        if (isChosen) {
            this.add(chosen.formatted);
        }
        return isChosen;
    }

    /** Take what was typed, if something was. */
    take() {
        const {typed} = this;
        if (typed) {
            this.add(typed);
        }
        return Boolean(typed);
    }

    /** Within a name in quotes a comma is just a comma. */
    separate() {
        return (this.typed.match(/"/g) || []).length % 2 === 0 && this.take();
    }

    dismiss(event) {
        const isOpen = this.state.options.length > 0;
        if (isOpen) {
            this.close();
            event.stopPropagation(); // The window stays open.
        }
        return isOpen;
    }

    removeLast() {
        const isRemoved = !this.typed && this.entries.length > 0;
        if (isRemoved) {
            this.remove(this.entries.length - 1);
        }
        return isRemoved;
    }

    onKeydown(event) {
        if (this.keys[event.key]?.(event)) {
            event.preventDefault();
        }
    }

    onBlur() {
        this.close();
        this.commit();
    }
}

registry.category("fields").add("portal_recipients", {
    component: PortalRecipientsField,
    displayName: _t("Mail recipients"),
    supportedTypes: ["char"],
    extractProps: ({attrs, placeholder}) => ({
        placeholder: placeholder || attrs.placeholder,
    }),
});
