/** What the server answers where it does not do what it was asked for. */
export class ServerError extends Error {
    /**
     * @param {Object} data - What the server tells of the error: `message`, and in its
     *     `context` perhaps the `field` that it is about.
     */
    constructor(data) {
        super(data.message || "");
        this.name = "ServerError";
        this.field = data.context?.field || "";
    }
}

/** Nobody answered: no network, a gateway in between, a server that is restarted. */
export class ConnectionError extends Error {}

/**
 * Call a JSON-RPC route.
 *
 * @param {String} url - The route.
 * @param {Object} params - Its parameters.
 * @returns {Promise<Object>} - What the route answered.
 * @throws {ServerError} - If it refused.
 * @throws {ConnectionError} - If it did not answer.
 */
export async function callServer(url, params = {}) {
    let answer;
    try {
        const response = await fetch(url, {
            method: "POST",
            headers: {"Content-Type": "application/json"},
            body: JSON.stringify({jsonrpc: "2.0", method: "call", params}),
        });
        answer = await response.json();
    } catch (error) {
        throw new ConnectionError(error.message);
    }
    if (answer.error) {
        throw new ServerError({...answer.error, ...answer.error.data});
    }
    return answer.result;
}
