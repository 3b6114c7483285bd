import {_t} from "@web/core/l10n/translation";
import {parseAmount} from "./amount";
import {rpc} from "@web/core/network/rpc";

/**
 * What the customer enters around the payment itself: billing information, amount.
 */
export class PayerForm {
    /**
     * @param {HTMLElement} root - The screen.
     */
    constructor(root) {
        this.root = root;
        this.billing = root.querySelector("#portal_billing");
        this.amount = root.querySelector("#portal_amount");
        this.billing
            .querySelector("#billing_country_id")
            .addEventListener("change", () => this.updateCountry());
        for (const offer of root.querySelectorAll('[name="portal_offer"]')) {
            offer.addEventListener("change", () => this.takeOffer(offer.value));
        }
        this.amount.addEventListener("input", () => this.showAmount());
        root.addEventListener("input", (ev) => this.showError(ev.target, ""));
        this.authorized = root.querySelector("#echeck_amount");
    }

    /**
     * @returns {Object} - The parameters of the server's routes.
     */
    get values() {
        const billing = {};
        for (const input of this.billing.querySelectorAll("input, select")) {
            billing[input.name] = input.value;
        }
        return {
            amount: this.amount.value,
            billing,
            client_key: this.root.dataset.clientKey,
        };
    }

    /**
     * @returns {Object} - The billing information, as Stripe names it.
     */
    get billingDetails() {
        const text = (name) =>
            this.billing.querySelector(`#billing_${name}`).value.trim();
        const chosen = (name) => {
            const select = this.billing.querySelector(`#billing_${name}`);
            return select.value ? select.selectedOptions[0].text : "";
        };
        return {
            name: text("name"),
            email: text("email") || undefined,
            phone: text("phone") || undefined,
            address: {
                line1: text("street"),
                line2: text("street2"),
                city: text("city"),
                postal_code: text("zip"),
                state: chosen("state_id"),
            },
        };
    }

    /**
     * @returns {Number} - The amount in major units; not a number if it is none.
     */
    get number() {
        return parseAmount(
            this.amount.value,
            this.amount.closest("[data-portal-field]").dataset
        );
    }

    /**
     * Say beside the fields what is wrong, and lead to the first of them.
     *
     * @param {Object} errors - A message by field.
     * @returns {Boolean} - Whether there was nothing to say.
     */
    showErrors(errors) {
        let first = null;
        for (const group of this.root.querySelectorAll("[data-portal-field]")) {
            const input = group.querySelector("input, select");
            const message = errors[group.dataset.portalField] || "";
            this.showError(input, message);
            if (message && !first) {
                first = input;
            }
        }
        first?.focus();
        return !first;
    }

    showError(input, message) {
        const group = input.closest("[data-portal-field]");
        if (!group) {
            return;
        }
        input.classList.toggle("is-invalid", Boolean(message));
        input.setAttribute("aria-invalid", message ? "true" : "false");
        group.querySelector(".invalid-feedback").textContent = message;
    }

    /**
     * @returns {Object} - A message by field of what is wrong here.
     */
    validate() {
        const errors = {};
        for (const input of this.billing.querySelectorAll('[aria-required="true"]')) {
            if (!input.value.trim()) {
                errors[input.name] = _t("Please fill this in.");
            }
        }
        if (!(this.number > 0)) {
            errors.amount = _t("Please enter the amount as a number above zero.");
        }
        return errors;
    }

    takeOffer(value) {
        const {decimalPoint} = this.amount.closest("[data-portal-field]").dataset;
        this.amount.value = value.replace(".", decimalPoint);
        this.showAmount();
        this.showError(this.amount, "");
    }

    /** Keep what is authorized at the amount that is entered. */
    showAmount() {
        for (const offer of this.root.querySelectorAll('[name="portal_offer"]')) {
            offer.checked = Number(offer.value) === this.number;
        }
        if (this.authorized) {
            const {currency} = this.authorized.dataset;
            const {digits} = this.amount.closest("[data-portal-field]").dataset;
            const figure = this.number > 0 ? this.number.toFixed(Number(digits)) : "…";
            this.authorized.textContent = `${figure} ${currency}`;
        }
    }

    /** Ask for the states, and for what is required, of the chosen country. */
    async updateCountry() {
        const country = this.billing.querySelector("#billing_country_id").value;
        if (!country) {
            return;
        }
        const {states, required} = await rpc(this.root.dataset.countryUrl, {
            country_id: Number(country),
        });
        const select = this.billing.querySelector("#billing_state_id");
        select.replaceChildren(
            new Option("", ""),
            ...states.map(([id, name]) => new Option(name, id))
        );
        for (const group of this.billing.querySelectorAll("[data-portal-field]")) {
            const isRequired = required.includes(group.dataset.portalField);
            group
                .querySelector("input, select")
                .setAttribute("aria-required", isRequired);
            group
                .querySelector(".o_portal_optional")
                .classList.toggle("d-none", isRequired);
        }
        select
            .closest("[data-portal-field]")
            .classList.toggle("d-none", !states.length);
    }
}
