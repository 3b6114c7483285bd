/* global Fields, Validation */
/** Card and bank account: which fields each has, and what is sent of them. */
const Methods = (function () {
    "use strict";

    const COUNTRIES = (
        "AE AR AT AU BE BG BR CA CH CL CN CO CR CY CZ DE DK DO EC EE EG ES FI FR GB GI" +
        " GR HK HR HU ID IE IL IN IS IT JP KE KR LI LT LU LV MA MT MX MY NG NL NO NZ PA" +
        " PE PH PK PL PR PT QA RO RS SA SE SG SI SK TH TR TW UA US UY VN ZA"
    ).split(" ");
    const WITH_POSTAL_CODE = ["US", "CA", "GB", "PR"];
    const LABELS = {card: "Card", us_bank_account: "US bank account"};
    let state = null;

    /** Tell whether a billing field is to be shown, by the element's options. */
    function wanted(...path) {
        let option = state.element.fields?.billingDetails;
        for (const part of path) {
            const nested = typeof option === "object" && option !== null;
            option = nested ? option[part] : option;
        }
        return option !== "never";
    }

    const defaults = () => state.element.defaultValues?.billingDetails || {};

    // === Card ===

    function cardFields() {
        const digits = {inputmode: "numeric", dir: "ltr"};
        const number = Fields.add(
            "number",
            "Card number",
            {...digits, autocomplete: "cc-number", placeholder: "1234 1234 1234 1234"},
            Validation.number,
            true
        );
        const expiry = Fields.add(
            "expiry",
            "Expiration date",
            {...digits, autocomplete: "cc-exp", placeholder: "MM / YY"},
            (text) => Validation.expiry(text)
        );
        const cvc = Fields.add(
            "cvc",
            "Security code",
            {...digits, autocomplete: "cc-csc", placeholder: "CVC", maxlength: 3},
            (text) => Validation.cvc(text, Fields.value("number"))
        );
        followNumber(number, cvc);
        expiry.addEventListener("input", (event) => {
            const deleting = (event.inputType || "").startsWith("delete");
            regroup(expiry, Validation.groupExpiry(expiry.value, deleting));
        });
        addressFields();
    }

    function followNumber(number, cvc) {
        const badge = Fields.node("span", {class: "brand", hidden: true});
        Fields.get("number").box.append(badge);
        number.addEventListener("input", () => {
            regroup(number, Validation.groupNumber(number.value));
            const brand = Validation.brandOf(number.value);
            badge.hidden = brand.name === "unknown";
            badge.textContent = brand.name;
            cvc.maxLength = brand.cvc;
        });
    }

    function regroup(input, text) {
        const place = input.selectionStart;
        const end = place === input.value.length ? text.length : place;
        input.value = text;
        input.setSelectionRange(end, end);
    }

    function addressFields() {
        const address = defaults().address || {};
        if (state.type === "payment" && wanted("address", "country")) {
            countryField(address.country);
        }
        const plain = state.type === "card" && state.element.hidePostalCode;
        if (!plain && wanted("address", "postalCode")) {
            const postal = Fields.add(
                "postalCode",
                "ZIP code",
                {autocomplete: "billing postal-code", placeholder: "12345"},
                (text) => Validation.postalCode(text, Fields.value("country") || "US")
            );
            postal.value = address.postal_code || "";
        }
        syncPostalCode();
    }

    function countryField(chosen) {
        const names = new Intl.DisplayNames(["en"], {type: "region"});
        const options = COUNTRIES.map((code) => [code, names.of(code)]);
        options.sort((a, b) => a[1].localeCompare(b[1]));
        const attributes = {autocomplete: "billing country", options};
        const country = Fields.add("country", "Country", attributes);
        country.value = COUNTRIES.includes(chosen) ? chosen : "US";
        // Before the form reports whether it is complete.
        country.addEventListener("input", syncPostalCode, {capture: true});
    }

    function syncPostalCode() {
        const postal = Fields.get("postalCode");
        const country = Fields.value("country") || "US";
        if (postal) {
            postal.outer.hidden = !WITH_POSTAL_CODE.includes(country);
            postal.label.textContent = country === "US" ? "ZIP code" : "Postal code";
        }
        const alone = !Fields.visible("postalCode");
        Fields.get("country")?.outer.classList.toggle("wide", alone);
    }

    // === Bank account ===

    function bankFields() {
        if (wanted("name")) {
            const attributes = {autocomplete: "billing name"};
            const label = "Full name on the account";
            const name = Fields.add("name", label, attributes, Validation.name, true);
            name.value = defaults().name || "";
        }
        if (wanted("email")) {
            const attributes = {autocomplete: "billing email", type: "email"};
            const email = Fields.add(
                "email",
                "Email",
                attributes,
                Validation.email,
                true
            );
            email.value = defaults().email || "";
        }
        const holders = [
            ["individual", "Individual"],
            ["company", "Business"],
        ];
        Fields.add("accountHolderType", "Account holder", {options: holders});
        const kinds = [
            ["checking", "Checking"],
            ["savings", "Savings"],
        ];
        Fields.add("accountType", "Account type", {options: kinds});
        numberFields();
    }

    function numberFields() {
        const digits = {inputmode: "numeric", autocomplete: "off", dir: "ltr"};
        const same = (text) => Validation.same(text, Fields.value("accountNumber"));
        for (const [name, label, placeholder, check] of [
            ["routingNumber", "Routing number", "110000000", Validation.routing],
            ["accountNumber", "Account number", "000123456789", Validation.account],
            ["confirmAccountNumber", "Confirm account number", undefined, same],
        ]) {
            Fields.add(name, label, {...digits, placeholder}, check, true);
        }
    }

    const BUILDERS = {card: cardFields, us_bank_account: bankFields};

    /** Show a method's fields: `given` is what the page told the element. */
    function build(method, given) {
        state = given;
        Fields.clear();
        BUILDERS[method]();
    }

    // === What is sent ===

    function billingDetails(given = {}) {
        const own = {};
        for (const name of ["name", "email"]) {
            if (Fields.visible(name)) {
                own[name] = Fields.value(name).trim();
            }
        }
        const address = {};
        if (Fields.visible("country")) {
            address.country = Fields.value("country");
        }
        if (Fields.visible("postalCode")) {
            address.postal_code = Fields.value("postalCode").trim();
        }
        return {...own, ...given, address: {...address, ...given.address}};
    }

    function cardData() {
        const {month, year} = Validation.expiryParts(Fields.value("expiry"));
        const number = Validation.digits(Fields.value("number"));
        return {number, exp_month: month, exp_year: year, cvc: Fields.value("cvc")};
    }

    function bankData() {
        return {
            account_holder_type: Fields.value("accountHolderType"),
            account_number: Validation.digits(Fields.value("accountNumber")),
            account_type: Fields.value("accountType"),
            routing_number: Validation.digits(Fields.value("routingNumber")),
        };
    }

    /** Return the parameters of the payment method. */
    function data(method, given = {}) {
        const details = method === "card" ? cardData() : bankData();
        return {
            ...given,
            type: method,
            billing_details: billingDetails(given.billing_details),
            [method]: details,
        };
    }

    /** Return what was left out of the form and not given in its place, or null. */
    function missing(method, details) {
        const hidden = state.type === "payment" && !wanted("address", "country");
        if (method !== "card" || !hidden || details.address.country) {
            return null;
        }
        const field = "billing_details.address.country";
        return (
            `You specified "never" for fields.${field} when creating the payment Element,` +
            ` but did not pass confirmParams.payment_method_data.${field}.`
        );
    }

    return {LABELS, build, data, missing};
})();
