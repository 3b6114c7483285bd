/* global Fields, Methods, send */
/**
 * The frame's side of an Element. What is typed here goes to the API and nowhere
 * else; the page around the frame only hears whether it is complete.
 */
(function () {
    "use strict";

    const frame = window.location.hash.slice(1);
    const form = document.getElementById("form");
    const terms = document.getElementById("terms");
    const THEME_VARIABLES = {
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
    let host = null;
    let state = null;
    let method = null;

    // === Talking to the page ===

    function tell(message) {
        window.parent.postMessage({frame, ...message}, host || "*");
    }

    function expected({data, origin, source}) {
        const known = source === window.parent && data && data.frame === frame;
        return known && (host ? origin === host : data.type === "init");
    }

    window.addEventListener("message", async (event) => {
        if (!expected(event)) {
            return;
        }
        host = event.origin;
        const {id, type, payload = {}} = event.data;
        tell({reply: id, payload: await HANDLERS[type](payload)});
    });

    function report() {
        const payload = {complete: Fields.complete(), empty: Fields.empty()};
        Object.assign(payload, {collapsed: false, value: {type: method}});
        tell({event: "change", payload});
    }

    Fields.onEvent((name) => (name === "change" ? report() : tell({event: name})));

    // === Showing ===

    function choose(type) {
        method = type;
        Methods.build(type, state);
        showTerms();
        report();
    }

    function showTerms() {
        const {mode, setupFutureUsage} = state.elements;
        const texts = [];
        if (method === "us_bank_account") {
            texts.push(
                "By continuing, you authorize the merchant to debit the bank account" +
                    " above for the amount shown."
            );
        }
        if (setupFutureUsage || mode === "setup") {
            texts.push(
                "You allow the merchant to charge your payment method for future" +
                    " payments in accordance with their terms."
            );
        }
        terms.textContent = texts.join(" ");
        terms.hidden = !texts.length || state.type !== "payment";
    }

    function offerMethods(types) {
        const box = document.getElementById("methods");
        box.hidden = types.length < 2;
        for (const type of types) {
            const checked = type === types[0];
            const attributes = {type: "radio", name: "method", value: type, checked};
            const input = Fields.node("input", attributes);
            input.addEventListener("change", () => choose(type));
            box.append(Fields.node("label", {}, input, Methods.LABELS[type]));
        }
    }

    function dress(appearance = {}) {
        const root = document.documentElement;
        root.dataset.theme = appearance.theme || "stripe";
        for (const [name, property] of Object.entries(THEME_VARIABLES)) {
            if (appearance.variables?.[name]) {
                root.style.setProperty(property, appearance.variables[name]);
            }
        }
        const border = appearance.rules?.[".Input"]?.borderColor;
        if (border) {
            root.style.setProperty("--border", border);
        }
    }

    function tellHeight() {
        const height = Math.ceil(document.body.getBoundingClientRect().height);
        tell({event: "resize", payload: {height}});
    }

    // === Sending ===

    function post(path, params) {
        const {key, apiVersion} = state.elements;
        return send("POST", path, {...params, key, _stripe_version: apiVersion});
    }

    function submit() {
        const problem = Fields.firstProblem();
        if (!problem) {
            return {selectedPaymentMethod: method};
        }
        const {code, message} = problem;
        return {error: {type: "validation_error", code, message}};
    }

    async function confirm({path, clientSecret, confirmParams = {}, context}) {
        const {error} = submit();
        if (error) {
            return {error};
        }
        const {payment_method_data: given, ...rest} = confirmParams;
        const data = Methods.data(method, given);
        const message = Methods.missing(method, data.billing_details);
        if (message) {
            return {error: {type: "integration_error", message}};
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
        init({type, element, elements}) {
            state = {type, element: element || {}, elements};
            dress(elements.appearance);
            const offered = type === "card" ? ["card"] : elements.paymentMethodTypes;
            const types = offered.filter((name) => Methods.LABELS[name]);
            offerMethods(types);
            choose(types[0]);
            new ResizeObserver(tellHeight).observe(document.body);
        },
        update({element, elements}) {
            state.element = element || state.element;
            Object.assign(state.elements, elements);
            dress(state.elements.appearance);
            showTerms();
        },
        submit,
        confirm,
        createPaymentMethod(given) {
            const {error} = submit();
            return error
                ? {error}
                : post("/v1/payment_methods", Methods.data(method, given));
        },
        focus: Fields.focus,
        blur() {
            document.activeElement?.blur();
        },
        clear() {
            form.reset();
            report();
        },
    };

    form.addEventListener("submit", (event) => event.preventDefault());
    tell({event: "hello"});
})();
