// @odoo-module ignore
// Follows a payment until it has an outcome, which the reloaded page tells.
(() => {
    "use strict";

    const POLL_MS = [1000, 1500, 2000, 3000, 5000];

    const result = document.querySelector("[data-poll-url]");
    if (!result) {
        return;
    }
    const {pollUrl, state} = result.dataset;

    const poll = async (count) => {
        const isOver = await window.accountPaymentPortal
            .callServer(pollUrl, {})
            .then((answer) => answer.state !== state || answer.state === "done")
            // The server is busy with the payment: ask again.
            .catch(() => false);
        if (isOver) {
            location.reload();
        } else {
            pollLater(count + 1);
        }
    };
    const pollLater = (count) =>
        setTimeout(poll, POLL_MS[Math.min(count, POLL_MS.length - 1)], count);

    pollLater(0);
})();
