/* global FRAME_STYLE, Frame, api, require_, secretParts, style */
/* exported Element, Elements */
/** Third part: Elements and the Element objects that the page handles. */
const FRAMED = ["payment", "card"];
const EMPTY = ["expressCheckout", "paymentRequestButton"];

class Element {
    constructor(elements, type, options) {
        Object.assign(this, {elements, type, options, listeners: new Map()});
    }

    on(name, listener) {
        this.listeners.set(name, [...(this.listeners.get(name) || []), listener]);
        return this;
    }

    once(name, listener) {
        const only = (event) => {
            this.off(name, only);
            listener(event);
        };
        return this.on(name, only);
    }

    off(name, listener) {
        const kept = (this.listeners.get(name) || []).filter((l) => l !== listener);
        this.listeners.set(name, listener ? kept : []);
        return this;
    }

    emit(name, event = {}) {
        for (const listener of this.listeners.get(name) || []) {
            listener({elementType: this.type, ...event});
        }
    }

    mount(target) {
        require_(
            target,
            "Missing argument. Make sure to call mount() with a valid DOM element or selector."
        );
        const node =
            typeof target === "string" ? document.querySelector(target) : target;
        require_(
            node instanceof HTMLElement,
            `The selector you specified (${target}) applies to no DOM elements that are currently on the page.`
        );
        require_(!this.destroyed, "This Element has already been destroyed.");
        this.unmount();
        if (EMPTY.includes(this.type)) {
            this.emit("ready", {availablePaymentMethods: undefined});
            return;
        }
        const title = `Secure ${this.type} input frame`;
        const page = `/elements/${this.type}`;
        this.frame = new Frame(page, title, (name, payload) =>
            this.receive(name, payload)
        );
        style(this.frame.node, FRAME_STYLE);
        node.replaceChildren(this.frame.node);
        this.load();
    }

    async load() {
        const {options, error} = await this.elements.description();
        if (error) {
            this.emit("loaderror", {error});
            return;
        }
        const frame = this.frame;
        await frame.call("init", {
            type: this.type,
            element: this.options,
            elements: options,
        });
        this.emit("ready");
    }

    receive(name, payload) {
        if (name === "resize") {
            style(this.frame.node, {height: `${payload.height}px`});
        } else {
            this.complete = name === "change" ? payload.complete : this.complete;
            this.emit(name, payload);
        }
    }

    update(options) {
        this.options = {...this.options, ...options};
        this.frame?.call("update", {element: this.options});
    }

    unmount() {
        this.frame?.remove();
        this.frame = null;
    }

    destroy() {
        this.unmount();
        this.destroyed = true;
        this.elements.forget(this);
    }

    focus() {
        this.frame?.node.focus();
        this.frame?.call("focus");
    }

    blur() {
        this.frame?.call("blur");
    }

    clear() {
        this.frame?.call("clear");
    }

    collapse() {}
}

/** Return the error for payment methods that the account does not have. */
function unusable(chosen, usable) {
    const wrong = chosen.find((type) => !usable.includes(type));
    const message =
        `The payment method type "${wrong}" is invalid. Please ensure the provided type` +
        " is activated in your dashboard and works with the currency.";
    return wrong ? {type: "invalid_request_error", message} : undefined;
}

class Elements {
    constructor(stripe, options) {
        this.stripe = stripe;
        this.options = options;
        this.created = [];
        this.submitted = false;
        if (options.mode) {
            this.check(options);
        }
    }

    check({mode, amount, currency}) {
        require_(
            ["payment", "setup", "subscription"].includes(mode),
            `Invalid value for elements(): mode should be one of payment, setup, subscription. You specified: ${mode}.`
        );
        require_(
            mode === "setup" || (Number.isInteger(amount) && amount > 0),
            `Invalid value for elements(): amount should be an integer greater than 0. You specified: ${amount}.`
        );
        require_(
            mode === "setup" || /^[a-z]{3}$/.test(currency || ""),
            `Invalid value for elements(): currency should be a three-letter code in lower case. You specified: ${currency}.`
        );
    }

    get deferred() {
        return !this.options.clientSecret;
    }

    /** Return what a frame has to know; of an existing intent, from the API. */
    async description() {
        const {options, stripe} = this;
        const base = {appearance: options.appearance, locale: options.locale};
        Object.assign(base, {key: stripe.key, apiVersion: stripe.options.apiVersion});
        if (this.deferred) {
            const usual = options.currency === "usd" || options.mode === "setup";
            const types = usual ? ["card", "us_bank_account"] : ["card"];
            const given =
                options.paymentMethodTypes || options.allowedPaymentMethodTypes;
            const chosen = given || types;
            return {
                error: unusable(chosen, types),
                options: {...base, ...options, paymentMethodTypes: chosen},
            };
        }
        const {path} = secretParts(options.clientSecret);
        const params = {client_secret: options.clientSecret};
        const {object, error} = await api(stripe, "GET", path, params);
        const types = object?.payment_method_types;
        return {error, options: {...base, ...options, paymentMethodTypes: types}};
    }

    create(type, options = {}) {
        require_(
            FRAMED.includes(type) || EMPTY.includes(type),
            `A valid Element name must be provided. The sandbox has: ${[...FRAMED, ...EMPTY].join(", ")}. You passed: ${type}.`
        );
        require_(
            !this.getElement(type),
            `Can only create one Element of type ${type} through elements().`
        );
        const needsMode = type === "payment" || type === "expressCheckout";
        require_(
            !needsMode || this.options.mode || this.options.clientSecret,
            `In order to create a ${type} element, you must pass a clientSecret or mode when creating the Elements group.`
        );
        const element = new Element(this, type, options);
        this.created.push(element);
        return element;
    }

    getElement(type) {
        return this.created.find((element) => element.type === type) || null;
    }

    forget(element) {
        this.created = this.created.filter((other) => other !== element);
    }

    update(options) {
        const merged = {...this.options, ...options};
        if (merged.mode) {
            this.check(merged);
        }
        this.options = merged;
        this.submitted = false;
        for (const element of this.created) {
            element.frame?.call("update", {elements: options});
        }
    }

    async fetchUpdates() {
        const {error} = await this.description();
        return error ? {error} : {};
    }

    /** Check the fields: `{selectedPaymentMethod}` or `{error}`. */
    async submit() {
        const element = this.getElement("payment");
        require_(element?.frame, "elements.submit() needs a mounted Payment Element.");
        const result = await element.frame.call("submit");
        this.submitted = !result.error;
        return result;
    }

    /** What the API compares with the intent, if the intent came later. */
    context() {
        const {options} = this;
        if (!this.deferred) {
            return undefined;
        }
        return {
            mode: options.mode,
            amount: options.mode === "payment" ? options.amount : undefined,
            currency: options.mode === "payment" ? options.currency : undefined,
            setup_future_usage:
                options.mode === "payment" ? options.setupFutureUsage || "" : undefined,
            capture_method:
                options.mode === "payment"
                    ? options.captureMethod || "automatic"
                    : undefined,
            payment_method_types: options.paymentMethodTypes,
        };
    }
}
