import {_t} from "@web/core/l10n/translation";

/**
 * Whether nine digits are a routing number: the last one is a check digit.
 * Source: ABA Routing Number Policy, 3-7-1 weights.
 *
 * @param {String} number - The digits.
 * @returns {Boolean} - Whether it may be one.
 */
export function isRoutingNumber(number) {
    if (!/^\d{9}$/.test(number)) {
        return false;
    }
    const weights = [3, 7, 1];
    const sum = [...number].reduce(
        (total, digit, index) => total + Number(digit) * weights[index % 3],
        0
    );
    return sum > 0 && sum % 10 === 0;
}

/**
 * The fields found on a cheque. What is entered here goes to Stripe, never to Odoo.
 */
export class ECheck {
    /**
     * @param {HTMLElement} root - The element with the fields.
     */
    constructor(root) {
        this.root = root;
    }

    /**
     * @returns {Object} - A message by field of what is wrong.
     */
    validate() {
        const {holder, routing, account} = this.values;
        const errors = {};
        if (!holder) {
            errors.holder = _t("Please enter the name of the account's holder.");
        }
        if (!isRoutingNumber(routing)) {
            errors.routing = _t(
                "This is not a routing number. It has nine digits and stands at the bottom left of a check."
            );
        }
        // Source: Nacha Operating Rules, DFI account number: up to 17 characters.
        if (!/^\d{4,17}$/.test(account)) {
            errors.account = _t("An account number has 4 to 17 digits.");
        } else if (account !== this._digits("account_again")) {
            errors.account_again = _t("The two account numbers are different.");
        }
        return errors;
    }

    /**
     * @returns {Object} - What was entered.
     */
    get values() {
        return {
            holder: this._text("holder").trim(),
            routing: this._digits("routing"),
            account: this._digits("account"),
        };
    }

    /**
     * @param {Object} billing - The billing information, as Stripe names it.
     * @returns {Object} - The payment method, as Stripe takes it.
     */
    paymentMethod(billing) {
        const {holder, routing, account} = this.values;
        return {
            us_bank_account: {
                routing_number: routing,
                account_number: account,
                account_holder_type: this._choice("echeck_holder_type"),
                account_type: this._choice("echeck_account_type"),
            },
            billing_details: {...billing, name: holder},
        };
    }

    _text(field) {
        return this.root.querySelector(`#echeck_${field}`).value;
    }

    _digits(field) {
        return this._text(field).replace(/[\s-]/g, "");
    }

    _choice(name) {
        return this.root.querySelector(`[name="${name}"]:checked`).value;
    }
}
