// @odoo-module ignore
// Follows a payment: the answer on the page becomes the new one, without a reload, so
// that screen readers say it.
(() => {
    "use strict";

    const POLL_MS = [1000, 1500, 2000, 3000, 5000, 10000];
    const SLOW_POLL_MS = 60000;

    const result = document.getElementById("payment_result");
    if (!result) {
        return;
    }
    const show = async () => {
        const response = await fetch(location.pathname);
        const page = new DOMParser().parseFromString(
            await response.text(),
            "text/html"
        );
        const fresh = page.getElementById("payment_result");
        if (!fresh) {
            location.reload();
            return;
        }
        result.replaceChildren(...fresh.childNodes);
        result.dataset.answer = fresh.dataset.answer;
        if (fresh.dataset.statusUrl) {
            result.dataset.statusUrl = fresh.dataset.statusUrl;
        } else {
            delete result.dataset.statusUrl;
        }
    };
    const poll = async (count) => {
        const {answer, statusUrl} = result.dataset;
        try {
            const now = await window.accountPaymentPortal.callServer(statusUrl, {});
            if (now !== answer) {
                await show();
                pollLater(0);
                return;
            }
        } catch {
            // The server is busy, or the phone has no network: ask again.
        }
        pollLater(count + 1);
    };
    const pollLater = (count) => {
        if (!result.dataset.statusUrl) {
            return;
        }
        const quick = POLL_MS[Math.min(count, POLL_MS.length - 1)];
        // What takes days is not asked for every second.
        const pause = result.dataset.answer === "waiting" ? quick : SLOW_POLL_MS;
        setTimeout(poll, pause, count);
    };

    pollLater(0);
})();
