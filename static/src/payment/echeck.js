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
 * The fields found on a check. What is entered here goes to Stripe, never to Odoo.
 */
export class ECheck {
    /**
     * @param {HTMLElement} root - The element with the fields.
     * @param {Feedback} feedback - What tells the errors.
     */
    constructor(root, feedback) {
        this.root = root;
        this.feedback = feedback;
    }

    /**
     * @returns {Object[]} - What is wrong, by field.
     */
    validate() {
        const {holder, routing, account} = this.values;
        const errors = [];
        const add = (field, name) =>
            errors.push({field, message: this.feedback.text(name)});
        if (!holder) {
            add("holder", "holder");
        }
        if (!isRoutingNumber(routing)) {
            add("routing", "routing");
        }
        // Source: Nacha Operating Rules, DFI account number: up to 17 characters.
        if (!/^\d{4,17}$/.test(account)) {
            add("account", "account");
        } else if (account !== this.digits("account_again")) {
            add("account_again", "account_again");
        }
        return errors;
    }

    /**
     * @returns {Object} - What was entered.
     */
    get values() {
        return {
            holder: this.text("holder").trim(),
            routing: this.digits("routing"),
            account: this.digits("account"),
        };
    }

    /**
     * @param {Object} billing - The billing information, as Stripe takes it.
     * @returns {Object} - The payment method, as Stripe takes it.
     */
    paymentMethod(billing) {
        const {holder, routing, account} = this.values;
        return {
            us_bank_account: {
                routing_number: routing,
                account_number: account,
                account_holder_type: this.choice("echeck_holder_type"),
                account_type: this.choice("echeck_account_type"),
            },
            billing_details: {...billing, name: holder},
        };
    }

    text(field) {
        return this.root.querySelector(`#echeck_${field}`).value;
    }

    digits(field) {
        return this.text(field).replaceAll(/[\s-]/g, "");
    }

    choice(name) {
        return this.root.querySelector(`[name="${name}"]:checked`).value;
    }
}
