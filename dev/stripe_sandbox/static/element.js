/* global Validation, send */
/**
 * The fields inside a frame of the sandbox's own origin. What is typed here goes to
 * the API and nowhere else; the page around the frame only hears whether it is
 * complete.
 */
(function () {
    "use strict";

    const COUNTRIES = (
        "AE AR AT AU BE BG BR CA CH CL CN CO CR CY CZ DE DK DO EC EE EG ES FI FR GB GI GR HK HR HU" +
        " ID IE IL IN IS IT JP KE KR LI LT LU LV MA MT MX MY NG NL NO NZ PA PE PH PK PL PR PT QA RO RS" +
        " SA SE SG SI SK TH TR TW UA US UY VN ZA"
    ).split(" ");
    const WITH_POSTAL_CODE = ["US", "CA", "GB", "PR"];
    const frame = window.location.hash.slice(1);
    const form = document.getElementById("form");
    const fieldsNode = document.getElementById("fields");
    const fields = new Map();
    let host = null;
    let state = null;
    let method = null;

    // === Talking to the page ===

    function tell(message) {
        window.parent.postMessage({ frame, ...message }, host || "*");
    }

    window.addEventListener("message", async ({ data, origin, source }) => {
        if (source !== window.parent || !data || data.frame !== frame || (host && origin !== host)) {
            return;
        }
        if (!host && data.type === "init") {
            host = origin;
        }
        if (host) {
            tell({ reply: data.id, payload: await HANDLERS[data.type](data.payload || {}) });
        }
    });

    // === Building the fields ===

    function node(tag, attributes = {}, ...children) {
        const made = document.createElement(tag);
        for (const [name, value] of Object.entries(attributes)) {
            if (value !== undefined && value !== false) {
                made.setAttribute(name, value === true ? "" : value);
            }
        }
        made.append(...children);
        return made;
    }

    /** Make a labelled input; `check` returns null or what is wrong. */
    function field(name, label, attributes, check, wide) {
        const id = `Field-${name}Input`;
        const error = node("p", { class: "error", id: `Field-${name}Error`, role: "alert", hidden: true });
        const input = attributes.options
            ? node("select", { id, name, autocomplete: attributes.autocomplete })
            : node("input", { id, name, type: "text", "aria-required": "true", ...attributes });
        for (const [value, text] of attributes.options || []) {
            input.append(node("option", { value }, text));
        }
        const box = node("div", { class: "box" }, input);
        const outer = node("div", { class: wide ? "field wide" : "field" }, node("label", { for: id }, label), box, error);
        fieldsNode.append(outer);
        fields.set(name, { input, error, check, outer, box });
        input.addEventListener("focus", () => tell({ event: "focus" }));
        input.addEventListener("blur", () => {
            showError(name, input.value !== "");
            tell({ event: "blur" });
        });
        input.addEventListener("input", () => {
            showError(name, false);
            report();
        });
        return input;
    }

    const value = (name) => fields.get(name)?.input.value ?? "";

    function problemOf(name) {
        const { check, outer } = fields.get(name);
        return check && !outer.hidden ? check(value(name)) : null;
    }

    function showError(name, show) {
        const { input, error } = fields.get(name);
        const problem = show ? problemOf(name) : null;
        error.textContent = problem ? problem.message : "";
        error.hidden = !problem;
        input.setAttribute("aria-invalid", problem ? "true" : "false");
        if (problem) {
            input.setAttribute("aria-describedby", error.id);
        } else {
            input.removeAttribute("aria-describedby");
        }
    }

    function report() {
        const names = [...fields.keys()];
        tell({
            event: "change",
            payload: {
                complete: names.every((name) => !problemOf(name)),
                empty: names.every((name) => name === "country" || !value(name)),
                collapsed: false,
                value: { type: method },
            },
        });
    }

    /** Tell whether a billing field is to be shown, by the element's options. */
    function wanted(...path) {
        let option = state.element.fields?.billingDetails;
        for (const part of path) {
            option = typeof option === "object" && option !== null ? option[part] : option;
        }
        return option !== "never";
    }

    const defaults = () => state.element.defaultValues?.billingDetails || {};

    function cardFields() {
        const number = field(
            "number",
            "Card number",
            { autocomplete: "cc-number", inputmode: "numeric", placeholder: "1234 1234 1234 1234", dir: "ltr" },
            Validation.number,
            true
        );
        const badge = node("span", { class: "brand", hidden: true });
        fields.get("number").box.append(badge);
        number.addEventListener("input", () => {
            regroup(number, Validation.groupNumber(number.value));
            const brand = Validation.brandOf(number.value);
            badge.hidden = brand.name === "unknown";
            badge.textContent = brand.name;
            fields.get("cvc").input.maxLength = brand.cvc;
        });
        const expiry = field(
            "expiry",
            "Expiration date",
            { autocomplete: "cc-exp", inputmode: "numeric", placeholder: "MM / YY", dir: "ltr" },
            (text) => Validation.expiry(text)
        );
        expiry.addEventListener("input", (event) => {
            const deleting = (event.inputType || "").startsWith("delete");
            regroup(expiry, Validation.groupExpiry(expiry.value, deleting));
        });
        field(
            "cvc",
            "Security code",
            { autocomplete: "cc-csc", inputmode: "numeric", placeholder: "CVC", maxlength: 3, dir: "ltr" },
            (text) => Validation.cvc(text, value("number"))
        );
        addressFields();
    }

    function regroup(input, text) {
        const atEnd = input.selectionStart === input.value.length;
        const place = input.selectionStart;
        input.value = text;
        input.setSelectionRange(...(atEnd ? [text.length, text.length] : [place, place]));
    }

    function addressFields() {
        const hidden = state.type === "card" && state.element.hidePostalCode;
        if (hidden) {
            return;
        }
        const address = defaults().address || {};
        if (state.type === "payment" && wanted("address", "country")) {
            const names = new Intl.DisplayNames(["en"], { type: "region" });
            const options = COUNTRIES.map((code) => [code, names.of(code)]).sort((a, b) => a[1].localeCompare(b[1]));
            const country = field("country", "Country", { autocomplete: "billing country", options });
            country.value = COUNTRIES.includes(address.country) ? address.country : "US";
            country.addEventListener("input", syncPostalCode);
        }
        if (wanted("address", "postalCode")) {
            field("postalCode", "ZIP code", { autocomplete: "billing postal-code", placeholder: "12345" }, (text) =>
                Validation.postalCode(text, value("country") || "US")
            ).value = address.postal_code || "";
            syncPostalCode();
        }
    }

    function syncPostalCode() {
        const postal = fields.get("postalCode");
        const country = value("country") || "US";
        if (postal) {
            postal.outer.hidden = !WITH_POSTAL_CODE.includes(country);
            postal.outer.querySelector("label").textContent = country === "US" ? "ZIP code" : "Postal code";
        }
        fields.get("country")?.outer.classList.toggle("wide", !postal || postal.outer.hidden);
        report();
    }

    function bankFields() {
        if (wanted("name")) {
            field("name", "Full name on the account", { autocomplete: "billing name" }, Validation.name, true).value =
                defaults().name || "";
        }
        if (wanted("email")) {
            field("email", "Email", { autocomplete: "billing email", type: "email", inputmode: "email" }, Validation.email, true).value =
                defaults().email || "";
        }
        const holders = [["individual", "Individual"], ["company", "Business"]];
        field("accountHolderType", "Account holder", { options: holders });
        const kinds = [["checking", "Checking"], ["savings", "Savings"]];
        field("accountType", "Account type", { options: kinds });
        const numeric = { inputmode: "numeric", autocomplete: "off", dir: "ltr" };
        field("routingNumber", "Routing number", { ...numeric, placeholder: "110000000" }, Validation.routing, true);
        field("accountNumber", "Account number", { ...numeric, placeholder: "000123456789" }, Validation.account, true);
        field("confirmAccountNumber", "Confirm account number", numeric, (text) => Validation.same(text, value("accountNumber")), true);
    }

    const BUILDERS = { card: cardFields, us_bank_account: bankFields };
    const LABELS = { card: "Card", us_bank_account: "US bank account" };

    function choose(type) {
        method = type;
        fields.clear();
        fieldsNode.replaceChildren();
        BUILDERS[type]();
        showTerms();
        report();
    }

    function showTerms() {
        const terms = document.getElementById("terms");
        const saved = state.elements.setupFutureUsage || state.elements.mode === "setup";
        const debit = "By continuing, you authorize the merchant to debit the bank account above for the amount shown.";
        const later = "You allow the merchant to charge your payment method for future payments in accordance with their terms.";
        const texts = [method === "us_bank_account" && debit, saved && later].filter(Boolean);
        terms.textContent = texts.join(" ");
        terms.hidden = !texts.length || state.type !== "payment";
    }

    function offerMethods(types) {
        const box = document.getElementById("methods");
        box.hidden = types.length < 2;
        for (const type of types) {
            const input = node("input", { type: "radio", name: "method", value: type, checked: type === types[0] });
            input.addEventListener("change", () => choose(type));
            box.append(node("label", {}, input, LABELS[type]));
        }
    }

    function dress(appearance = {}) {
        const root = document.documentElement;
        root.dataset.theme = appearance.theme || "stripe";
        const names = {
            colorPrimary: "--primary",
            colorBackground: "--background",
            colorText: "--text",
            colorTextSecondary: "--secondary",
            colorDanger: "--danger",
            borderRadius: "--radius",
            fontFamily: "--font",
            fontSizeBase: "--size",
            spacingUnit: "--spacing",
        };
        for (const [name, property] of Object.entries(names)) {
            if (appearance.variables?.[name]) {
                root.style.setProperty(property, appearance.variables[name]);
            }
        }
    }

    // === Sending ===

    function billingDetails(given = {}) {
        const own = {};
        for (const name of ["name", "email"]) {
            if (fields.has(name)) {
                own[name] = value(name).trim();
            }
        }
        const address = {};
        if (fields.has("country")) {
            address.country = value("country");
        }
        if (fields.has("postalCode") && !fields.get("postalCode").outer.hidden) {
            address.postal_code = value("postalCode").trim();
        }
        return { ...own, ...given, address: { ...address, ...given.address } };
    }

    /** Refuse what was left out of the form and is not given in its place either. */
    function missingDetail(details) {
        if (state.type !== "payment" || method !== "card" || wanted("address", "country")) {
            return null;
        }
        const given = details.address.country;
        const message =
            'You specified "never" for fields.billing_details.address.country when creating the payment Element,' +
            " but did not pass confirmParams.payment_method_data.billing_details.address.country.";
        return given ? null : { type: "integration_error", message };
    }

    function methodData(given = {}) {
        const data = { ...given, type: method, billing_details: billingDetails(given.billing_details) };
        if (method === "card") {
            const { month, year } = Validation.expiryParts(value("expiry"));
            const number = Validation.digits(value("number"));
            data.card = { number, exp_month: month, exp_year: year, cvc: value("cvc") };
        } else {
            data.us_bank_account = {
                account_holder_type: value("accountHolderType"),
                account_number: Validation.digits(value("accountNumber")),
                account_type: value("accountType"),
                routing_number: Validation.digits(value("routingNumber")),
            };
        }
        return data;
    }

    function post(path, params) {
        const { key, apiVersion } = state.elements;
        return send("POST", path, { ...params, key, _stripe_version: apiVersion });
    }

    function submit() {
        let first = null;
        for (const name of fields.keys()) {
            showError(name, true);
            first = first || (problemOf(name) && { name, ...problemOf(name) });
        }
        if (!first) {
            return { selectedPaymentMethod: method };
        }
        fields.get(first.name).input.focus();
        return { error: { type: "validation_error", code: first.code, message: first.message } };
    }

    async function confirm({ path, clientSecret, confirmParams = {}, context }) {
        const { error } = submit();
        if (error) {
            return { error };
        }
        const { payment_method_data: given, ...rest } = confirmParams;
        const data = methodData(given);
        const missing = missingDetail(data.billing_details);
        if (missing) {
            return { error: missing };
        }
        return post(path, {
            ...rest,
            payment_method_data: data,
            client_secret: clientSecret,
            client_context: context,
            use_stripe_sdk: true,
        });
    }

    const HANDLERS = {
        init({ type, element, elements }) {
            state = { type, element: element || {}, elements };
            dress(elements.appearance);
            const types = type === "card" ? ["card"] : elements.paymentMethodTypes.filter((name) => BUILDERS[name]);
            offerMethods(types);
            choose(types[0]);
            new ResizeObserver(() => {
                const height = Math.ceil(document.body.getBoundingClientRect().height);
                tell({ event: "resize", payload: { height } });
            }).observe(document.body);
        },
        update({ element, elements }) {
            state.element = element || state.element;
            Object.assign(state.elements, elements);
            dress(state.elements.appearance);
            showTerms();
        },
        submit,
        confirm,
        createPaymentMethod(given) {
            const { error } = submit();
            return error ? { error } : post("/v1/payment_methods", methodData(given));
        },
        focus() {
            [...fields.values()][0].input.focus();
        },
        blur() {
            document.activeElement?.blur();
        },
        clear() {
            form.reset();
            report();
        },
    };

    form.addEventListener("submit", (event) => event.preventDefault());
    tell({ event: "hello" });
})();
