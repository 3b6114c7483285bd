/* global send */
/* exported ORIGIN, api, require_, secretParts */
/**
 * The sandbox's stand-in for Stripe.js, first part: errors and the API.
 *
 * The server joins the parts, in the order of their names, into one script in a
 * function of its own: nothing but `Stripe` becomes global.
 */
const ORIGIN = new URL(document.currentScript.src).origin;
class IntegrationError extends Error {
    constructor(message) {
        super(message);
        this.name = "IntegrationError";
        this.type = "integration_error";
    }
}

function require_(condition, message) {
    if (!condition) {
        throw new IntegrationError(message);
    }
}

function secretParts(clientSecret) {
    const match = /^((pi|seti)_[^_]+)_secret_.+$/.exec(clientSecret || "");
    require_(
        match,
        "Invalid value for clientSecret: it should be in the form ${id}_secret_${secret}."
    );
    const payment = match[2] === "pi";
    const path = payment ? "payment_intents" : "setup_intents";
    return {
        path: `/v1/${path}/${match[1]}`,
        kind: payment ? "payment" : "setup",
        name: payment ? "paymentIntent" : "setupIntent",
        errorField: payment ? "last_payment_error" : "last_setup_error",
    };
}

function api(stripe, method, path, params) {
    const own = {key: stripe.key, _stripe_version: stripe.options.apiVersion};
    return send(method, ORIGIN + path, {...params, ...own});
}
