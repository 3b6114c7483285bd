/* exported send */
/** What the script of the page and the frames have in common: calling the API. */

/** Write nested values as `a[b][]=c`; null and undefined are left out. */
function encode(values, prefix, into = new URLSearchParams()) {
    for (const [name, value] of Object.entries(values)) {
        const key = prefix ? `${prefix}[${Array.isArray(values) ? "" : name}]` : name;
        if (value !== null && typeof value === "object") {
            encode(value, key, into);
        } else if (value !== null && value !== undefined) {
            into.append(key, value);
        }
    }
    return into;
}

/** Call the API and return `{object}` or `{error}`, as Stripe.js resolves. */
async function send(method, url, params) {
    const body = encode(params);
    const get = method === "GET";
    try {
        const response = await fetch(get ? `${url}?${body}` : url, {
            method,
            body: get ? undefined : body,
            credentials: "omit",
        });
        const result = await response.json();
        return response.ok ? {object: result} : {error: result.error};
    } catch {
        return {error: connectionError()};
    }
}

function connectionError() {
    return {
        type: "api_connection_error",
        message:
            "We are experiencing issues connecting to our payments provider." +
            " You have not been charged. Please check your internet connection" +
            " and try again.",
    };
}
