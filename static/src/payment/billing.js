import {ServerError, callServer} from "@account_payment_portal/portal/server";

/** Leave out what has no value: Stripe takes an empty text for a wrong one. */
function compact(values) {
    return Object.fromEntries(Object.entries(values).filter(([, value]) => value));
}

/**
 * The billing information: nine fields, or on a phone, while nothing is missing, a line.
 */
export class Billing {
    /**
     * @param {HTMLElement} root - The screen.
     * @param {Feedback} feedback - What tells the errors.
     */
    constructor(root, feedback) {
        this.root = root;
        this.feedback = feedback;
        this.block = root.querySelector("#portal_billing");
        this.country = this.field("country_id");
        this.country.addEventListener("change", () => this.followCountry());
        root.querySelector("#billing_change").addEventListener("click", () => {
            this.open();
            this.field("name").focus();
        });
    }

    field(name) {
        return this.block.querySelector(`#billing_${name}`);
    }

    text(name) {
        return this.field(name).value.trim();
    }

    code(name) {
        return this.field(name).selectedOptions[0]?.dataset.code || "";
    }

    /** Show the fields, wherever they are a line. */
    open() {
        this.root.classList.remove("o_portal_billing_folded");
    }

    /**
     * @returns {Object} - What was entered, as the server takes it.
     */
    get values() {
        return Object.fromEntries(
            [...this.block.querySelectorAll("input, select")].map((input) => [
                input.name,
                input.value,
            ])
        );
    }

    /**
     * @returns {Object} - What was entered, as Stripe takes it.
     */
    get details() {
        return compact({
            name: this.text("name"),
            email: this.text("email"),
            phone: this.text("phone"),
            address: compact({
                line1: this.text("street"),
                line2: this.text("street2"),
                city: this.text("city"),
                postal_code: this.text("zip"),
                state: this.code("state_id"),
                country: this.code("country_id"),
            }),
        });
    }

    /**
     * @returns {Object[]} - What is missing or cannot be right, by field.
     */
    validate() {
        const errors = [];
        for (const input of this.block.querySelectorAll("input, select")) {
            const {name} = input;
            if (input.getAttribute("aria-required") === "true" && !input.value.trim()) {
                errors.push({field: name, message: this.feedback.text("missing")});
            } else if (input.validity.typeMismatch) {
                errors.push({field: name, message: this.feedback.text("email")});
            }
        }
        return errors;
    }

    /** Ask for the states, and for what is required, of the chosen country. */
    async followCountry() {
        const country = this.country.value;
        if (!country) {
            return;
        }
        let answer = {states: [], codes: {}, required: null};
        try {
            answer = await callServer(this.root.dataset.countryUrl, {
                country_id: Number(country),
            });
        } catch (error) {
            if (error instanceof ServerError) {
                throw error;
            }
            // Without a network nothing is asked for that may not be needed.
        }
        if (country === this.country.value) {
            this.showStates(answer);
            this.showRequired(answer.required);
        }
    }

    showStates({states, codes}) {
        const select = this.field("state_id");
        const options = states.map(([id, name]) => {
            const option = new Option(name, id);
            option.dataset.code = codes[id];
            return option;
        });
        select.replaceChildren(new Option("", ""), ...options);
        select.closest("[data-portal-field]").hidden = !states.length;
        const isUs = this.code("country_id") === "US";
        this.block.querySelector("[data-zip='US']").hidden = !isUs;
        this.block.querySelector("[data-zip='other']").hidden = isUs;
    }

    showRequired(required) {
        if (!required) {
            return;
        }
        for (const group of this.block.querySelectorAll("[data-portal-field]")) {
            const isRequired = required.includes(group.dataset.portalField);
            group
                .querySelector("input, select")
                .setAttribute("aria-required", isRequired);
            group.querySelector(".o_portal_optional").hidden = isRequired;
        }
    }
}
