// @odoo-module ignore
// What the portal's scripts share. The pages work without any of them.
window.accountPaymentPortal = {
    /**
     * Call a JSON-RPC route.
     *
     * @param {String} url - The route.
     * @param {Object} params - Its parameters.
     * @returns {Promise<Object>} What the route answered.
     */
    async callServer(url, params) {
        const response = await fetch(url, {
            method: "POST",
            headers: {"Content-Type": "application/json"},
            body: JSON.stringify({jsonrpc: "2.0", method: "call", params}),
        });
        const answer = await response.json();
        if (answer.error) {
            throw new Error(answer.error.message);
        }
        return answer.result;
    },
};
