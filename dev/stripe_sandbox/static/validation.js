/**
 * What the fields accept, and the messages for what they do not.
 * Each check returns null or `{code, message}` as Stripe.js words it.
 */
const Validation = (function () {
    "use strict";

    const BRANDS = [
        ["amex", /^3[47]/, [15], 4],
        ["discover", /^(6011|64[4-9]|65)/, [16], 3],
        ["diners", /^(30|36|38)/, [14, 16], 3],
        ["jcb", /^35/, [16], 3],
        ["unionpay", /^62/, [16, 17, 18, 19], 3],
        ["mastercard", /^(5[1-5]|2[2-7])/, [16], 3],
        ["visa", /^4/, [16], 3],
    ];
    const UNKNOWN = ["unknown", null, [16], 3];
    const POSTAL = {
        US: /^\d{5}(-?\d{4})?$/,
        CA: /^[A-Z]\d[A-Z] ?\d[A-Z]\d$/i,
        GB: /^[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}$/i,
    };

    const problem = (code, message) => ({code, message});
    const digits = (text) => text.replace(/\D/g, "");

    function brandOf(text) {
        const value = digits(text);
        const found = BRANDS.find(([, start]) => start.test(value)) || UNKNOWN;
        return {name: found[0], lengths: found[2], cvc: found[3]};
    }

    function luhn(text) {
        const values = [...text].reverse().map((digit, place) => {
            const value = Number(digit) * (1 + (place % 2));
            return value > 9 ? value - 9 : value;
        });
        return values.reduce((sum, value) => sum + value, 0) % 10 === 0;
    }

    function number(text) {
        const value = digits(text);
        if (value.length < Math.min(...brandOf(value).lengths)) {
            return problem("incomplete_number", "Your card number is incomplete.");
        }
        const valid = brandOf(value).lengths.includes(value.length) && luhn(value);
        return valid ? null : problem("invalid_number", "Your card number is invalid.");
    }

    function expiryParts(text) {
        const value = digits(text);
        return {
            month: Number(value.slice(0, 2)),
            year: 2000 + Number(value.slice(2, 4)),
            whole: value.length === 4,
        };
    }

    function expiry(text, today = new Date()) {
        const {month, year, whole} = expiryParts(text);
        if (!whole || month < 1 || month > 12) {
            return problem(
                "incomplete_expiry",
                "Your card's expiration date is incomplete."
            );
        }
        if (year < today.getFullYear()) {
            return problem(
                "invalid_expiry_year_past",
                "Your card's expiration year is in the past."
            );
        }
        if (year === today.getFullYear() && month < today.getMonth() + 1) {
            return problem(
                "invalid_expiry_month_past",
                "Your card's expiration date is in the past."
            );
        }
        if (year > today.getFullYear() + 50) {
            return problem(
                "invalid_expiry_year",
                "Your card's expiration year is invalid."
            );
        }
        return null;
    }

    function cvc(text, cardNumber) {
        const whole = digits(text).length === brandOf(cardNumber).cvc;
        return whole
            ? null
            : problem("incomplete_cvc", "Your card's security code is incomplete.");
    }

    function postalCode(text, country) {
        const label = country === "US" ? "ZIP" : "postal code";
        if (!text.trim()) {
            return problem("incomplete_zip", `Your ${label} is incomplete.`);
        }
        const pattern = POSTAL[country];
        return !pattern || pattern.test(text.trim())
            ? null
            : problem("incomplete_zip", `Your ${label} is invalid.`);
    }

    function routing(text) {
        const value = digits(text);
        const weights = [3, 7, 1, 3, 7, 1, 3, 7, 1];
        const sum = weights.reduce(
            (total, weight, place) => total + weight * Number(value[place] || 0),
            0
        );
        if (value.length < 9) {
            return problem(
                "incomplete_routing_number",
                "Your routing number is incomplete."
            );
        }
        return value.length === 9 && sum % 10 === 0
            ? null
            : problem("invalid_routing_number", "Your routing number is invalid.");
    }

    function account(text) {
        const value = digits(text);
        return value.length >= 4 && value.length <= 17
            ? null
            : problem(
                  "incomplete_account_number",
                  "Your account number is incomplete."
              );
    }

    function same(text, other) {
        return digits(text) === digits(other)
            ? null
            : problem("account_numbers_mismatch", "Your account numbers don't match.");
    }

    function name(text) {
        return text.trim()
            ? null
            : problem("incomplete_name", "Your name is incomplete.");
    }

    function email(text) {
        return /^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(text.trim())
            ? null
            : problem("incomplete_email", "Your email is incomplete.");
    }

    function groupNumber(text) {
        const value = digits(text).slice(0, 19);
        const pattern =
            brandOf(value).name === "amex"
                ? /^(\d{1,4})(\d{1,6})?(\d{1,5})?/
                : /(\d{1,4})/g;
        const parts =
            brandOf(value).name === "amex"
                ? (pattern.exec(value) || []).slice(1)
                : value.match(pattern) || [];
        return parts.filter(Boolean).join(" ");
    }

    function groupExpiry(text, deleting) {
        let value = digits(text).slice(0, 4);
        if (/^[2-9]/.test(value)) {
            value = `0${value}`.slice(0, 4);
        }
        return value.length > 2 || (value.length === 2 && !deleting)
            ? `${value.slice(0, 2)} / ${value.slice(2)}`
            : value;
    }

    return {
        account,
        brandOf,
        cvc,
        digits,
        email,
        expiry,
        expiryParts,
        groupExpiry,
        groupNumber,
        name,
        number,
        postalCode,
        routing,
        same,
    };
})();
