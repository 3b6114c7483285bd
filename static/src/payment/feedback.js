/**
 * What the screen tells: the errors, in one place above Pay and beside the fields, and
 * how far the payment is. The sentences are the page's own, in its language.
 */
export class Feedback {
    /**
     * @param {HTMLElement} root - The screen.
     */
    constructor(root) {
        this.root = root;
        this.summary = root.querySelector("#pay_errors");
        this.list = this.summary.querySelector("ul");
        this.status = root.querySelector("#pay_status");
        this.title = document.title;
        root.addEventListener("input", (ev) => this.clearField(ev.target));
    }

    /**
     * @param {String} name - The name of a sentence.
     * @param {Object} values - What to put in its places.
     * @returns {String} - The sentence.
     */
    text(name, values = {}) {
        const element = this.root.querySelector(`#pay_texts [data-text="${name}"]`);
        return Object.entries(values).reduce(
            (text, [key, value]) => text.replace(`{${key}}`, () => value),
            element.textContent.trim().replaceAll(/\s+/g, " ")
        );
    }

    /**
     * Say what is wrong, and lead there.
     *
     * @param {Object[]} errors - Of each its `message`; the `field` that it is about, or
     *     the `lead` to what it is about.
     */
    showErrors(errors) {
        this.clearErrors();
        for (const {message, field, lead} of errors) {
            const input = field && this.showField(field, message);
            this.list.append(
                this.makeEntry(message, lead || (() => input?.focus()), input || lead)
            );
        }
        this.summary.hidden = false;
        this.summary.focus();
        // In the tab as well, and first for who hears the page's title.
        document.title = this.text("error_title", {title: this.title});
    }

    makeEntry(message, lead, isLink) {
        const entry = document.createElement("li");
        if (!isLink) {
            entry.textContent = message;
            return entry;
        }
        const link = document.createElement("a");
        link.href = "#pay_errors";
        link.textContent = message;
        link.addEventListener("click", (ev) => {
            ev.preventDefault();
            lead();
        });
        entry.append(link);
        return entry;
    }

    clearErrors() {
        this.summary.hidden = true;
        this.list.replaceChildren();
        document.title = this.title;
        for (const group of this.root.querySelectorAll("[data-portal-field]")) {
            this.mark(group, "");
        }
    }

    showField(field, message) {
        const group = this.root.querySelector(`[data-portal-field="${field}"]`);
        if (!group) {
            return null;
        }
        this.mark(group, message);
        return group.querySelector("input, select");
    }

    clearField(input) {
        const group = input.closest("[data-portal-field]");
        if (group) {
            this.mark(group, "");
        }
    }

    mark(group, message) {
        const error = group.querySelector(".o_portal_error");
        error.textContent = message;
        error.hidden = !message;
        for (const input of group.querySelectorAll("input, select")) {
            input.setAttribute("aria-invalid", message ? "true" : "false");
        }
    }

    /**
     * Say how far the payment is; screen readers read it out.
     *
     * @param {String} text - The sentence; none takes the one before away.
     */
    showStatus(text = "") {
        this.status.textContent = text;
    }
}
