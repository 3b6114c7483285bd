/* global Element, Elements, IntegrationError, api, challenge, require_, secretParts */
/** Last part: the object that `Stripe(key)` returns, and `Stripe` itself. */
class StripeClient {
    constructor(key, options) {
        Object.assign(this, {key, options});
    }

    elements(options = {}) {
        const locale = this.options.locale;
        return new Elements(this, {...(locale ? {locale} : {}), ...options});
    }

    confirmPayment(options) {
        return this.confirmWithElements(options, "payment");
    }

    confirmSetup(options) {
        return this.confirmWithElements(options, "setup");
    }

    async confirmWithElements(
        {elements, clientSecret, confirmParams = {}, redirect = "always"},
        kind
    ) {
        const secret = clientSecret || elements?.options.clientSecret;
        const intent = secretParts(secret);
        require_(
            intent.kind === kind,
            `You called confirm${kind} with the client_secret of another kind of intent.`
        );
        require_(
            confirmParams.return_url || redirect === "if_required",
            "Missing required argument: confirmParams.return_url."
        );
        let result;
        if (elements) {
            result = await this.confirmElements(
                elements,
                secret,
                intent,
                confirmParams
            );
        } else {
            const params = {
                ...confirmParams,
                client_secret: secret,
                use_stripe_sdk: true,
            };
            result = await api(this, "POST", `${intent.path}/confirm`, params);
        }
        result = await this.finish(result, secret, intent);
        if (result.error || redirect === "if_required") {
            return result;
        }
        leave(confirmParams.return_url, result[intent.name], secret);
        return new Promise(() => {});
    }

    async confirmElements(elements, secret, intent, confirmParams) {
        const element = elements.getElement("payment");
        require_(
            element?.frame,
            "Invalid value for confirmPayment(): elements should have a mounted Payment Element."
        );
        require_(
            !elements.deferred || elements.submitted,
            "Your code must call elements.submit() before any asynchronous work, e.g. before creating the intent and calling stripe.confirmPayment()."
        );
        const result = await element.frame.call("confirm", {
            path: `${intent.path}/confirm`,
            clientSecret: secret,
            confirmParams,
            context: elements.context(),
        });
        require_(result.error?.type !== "integration_error", result.error?.message);
        return result;
    }

    /** Carry out the next action and return the intent or the error. */
    async finish(result, secret, intent) {
        if (result.error) {
            return {error: result.error};
        }
        let object = result.object;
        if (object.next_action?.type === "use_stripe_sdk") {
            await challenge(object.next_action.use_stripe_sdk.stripe_js);
            const fresh = await api(this, "GET", intent.path, {client_secret: secret});
            if (fresh.error) {
                return {error: fresh.error};
            }
            object = fresh.object;
        } else if (object.next_action?.type === "redirect_to_url") {
            window.location.assign(object.next_action.redirect_to_url.url);
            return new Promise(() => {});
        }
        const failure = object[intent.errorField];
        if (object.status === "requires_payment_method" && failure) {
            return {error: {...failure, [object.object]: object}};
        }
        return {[intent.name]: object};
    }

    async confirmCardPayment(clientSecret, data = {}, {handleActions = true} = {}) {
        return this.confirmNow(clientSecret, data, "card", handleActions);
    }

    async confirmUsBankAccountPayment(clientSecret, data = {}) {
        return this.confirmNow(clientSecret, data, "us_bank_account", true);
    }

    async confirmUsBankAccountSetup(clientSecret, data = {}) {
        return this.confirmNow(clientSecret, data, "us_bank_account", true);
    }

    async confirmCardSetup(clientSecret, data = {}, {handleActions = true} = {}) {
        return this.confirmNow(clientSecret, data, "card", handleActions);
    }

    async confirmNow(clientSecret, data, type, handleActions) {
        const intent = secretParts(clientSecret);
        const {payment_method: method, ...rest} = data;
        const params = {...rest, client_secret: clientSecret, use_stripe_sdk: true};
        const path = `${intent.path}/confirm`;
        let result;
        if (method?.[type] instanceof Element) {
            const {frame} = method[type];
            require_(frame, "We could not retrieve data from the specified Element.");
            const given = {...method, [type]: undefined};
            const confirmParams = {...rest, payment_method_data: given};
            result = await frame.call("confirm", {path, clientSecret, confirmParams});
        } else {
            if (typeof method === "string") {
                params.payment_method = method;
            } else if (method) {
                params.payment_method_data = {...method, type};
            }
            result = await api(this, "POST", path, params);
        }
        if (!handleActions && !result.error) {
            return {[intent.name]: result.object};
        }
        return this.finish(result, clientSecret, intent);
    }

    async handleNextAction({clientSecret}) {
        const intent = secretParts(clientSecret);
        const params = {client_secret: clientSecret};
        return this.finish(
            await api(this, "GET", intent.path, params),
            clientSecret,
            intent
        );
    }

    handleCardAction(clientSecret) {
        return this.handleNextAction({clientSecret});
    }

    async verifyMicrodepositsForPayment(clientSecret, data) {
        const intent = secretParts(clientSecret);
        const params = {...data, client_secret: clientSecret};
        const path = `${intent.path}/verify_microdeposits`;
        return this.finish(await api(this, "POST", path, params), clientSecret, intent);
    }

    verifyMicrodepositsForSetup(clientSecret, data) {
        return this.verifyMicrodepositsForPayment(clientSecret, data);
    }

    async retrievePaymentIntent(clientSecret) {
        const intent = secretParts(clientSecret);
        const params = {client_secret: clientSecret};
        const {object, error} = await api(this, "GET", intent.path, params);
        return error ? {error} : {[intent.name]: object};
    }

    retrieveSetupIntent(clientSecret) {
        return this.retrievePaymentIntent(clientSecret);
    }

    async createPaymentMethod({elements, params = {}, type, ...data}) {
        const holder =
            elements?.getElement("payment") ||
            (data.card instanceof Element && data.card);
        let result;
        if (holder) {
            const details = elements ? params : {billing_details: data.billing_details};
            result = await holder.frame.call("createPaymentMethod", details);
        } else {
            require_(type, "Missing value for createPaymentMethod(): type.");
            result = await api(this, "POST", "/v1/payment_methods", {type, ...data});
        }
        return result.error ? {error: result.error} : {paymentMethod: result.object};
    }

    /** Wallets: none is ever available here, as in a browser without any. */
    paymentRequest() {
        const request = {
            on: () => request,
            off: () => request,
            update() {},
            show() {},
            abort() {},
        };
        request.canMakePayment = () => Promise.resolve(null);
        return request;
    }

    registerAppInfo() {}
}

function leave(returnUrl, object, secret) {
    const status = {
        succeeded: "succeeded",
        requires_capture: "succeeded",
        processing: "pending",
        requires_action: "pending",
    };
    const url = new URL(returnUrl);
    url.searchParams.append(object.object, object.id);
    url.searchParams.append(`${object.object}_client_secret`, secret);
    url.searchParams.append("redirect_status", status[object.status] || "failed");
    window.location.assign(url);
}

window.Stripe = function Stripe(key, options = {}) {
    require_(
        typeof key === "string" && key,
        "Missing value for Stripe(): apiKey should be a string."
    );
    require_(
        !/^[sr]k_/.test(key),
        "You should not use your secret key with Stripe.js. Please pass a publishable key instead."
    );
    return new StripeClient(key, options);
};
window.Stripe.version = 3;
