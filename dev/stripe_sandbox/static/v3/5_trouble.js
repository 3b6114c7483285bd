/* global CALLS, Elements, IntegrationError, StripeClient */
/** After all: trouble on demand, see `Settings.script_calls`. */
const LATE_MS = 3000;
const TROUBLES = {
    throw(name) {
        throw new IntegrationError(`${name}() was told to throw.`);
    },
    async error(name) {
        const message = `${name}() was told to answer with an error.`;
        return {error: {type: "api_connection_error", message}};
    },
    never() {
        return new Promise(() => {});
    },
};

function isTold(name, call) {
    return function (...args) {
        const trouble = TROUBLES[CALLS[name]];
        if (trouble) {
            return trouble(name);
        }
        return new Promise((resolve) => setTimeout(resolve, LATE_MS)).then(() =>
            call.apply(this, args)
        );
    };
}

for (const name of Object.keys(CALLS)) {
    const owner = [Elements.prototype, StripeClient.prototype, window].find(
        (object) => name in object
    );
    owner[name] = isTold(name, owner[name]);
}
