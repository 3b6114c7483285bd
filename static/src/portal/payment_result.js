import {callServer} from "./server";

const POLL_MS = [1000, 1500, 2000, 3000, 5000, 10000];
const SLOW_POLL_MS = 60000;

/**
 * Follows a payment: the answer on the page becomes the new one, without a reload, so
 * that screen readers say it.
 */
class PaymentResult {
    /**
     * @param {HTMLElement} result - The answer.
     */
    constructor(result) {
        this.result = result;
        this.pollLater(0);
    }

    pollLater(count) {
        if (!this.result.dataset.statusUrl) {
            return;
        }
        const quick = POLL_MS[Math.min(count, POLL_MS.length - 1)];
        // What takes days is not asked for every second.
        const isQuick = this.result.dataset.answer === "waiting";
        setTimeout(() => this.poll(count), isQuick ? quick : SLOW_POLL_MS);
    }

    async poll(count) {
        const {answer, statusUrl} = this.result.dataset;
        try {
            if ((await callServer(statusUrl)) !== answer) {
                await this.show();
                this.pollLater(0);
                return;
            }
        } catch {
            // The server is busy, or the phone has no network: ask again.
        }
        this.pollLater(count + 1);
    }

    async show() {
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
        this.result.replaceChildren(...fresh.childNodes);
        this.result.dataset.answer = fresh.dataset.answer;
        if (fresh.dataset.statusUrl) {
            this.result.dataset.statusUrl = fresh.dataset.statusUrl;
        } else {
            delete this.result.dataset.statusUrl;
        }
    }
}

const result = document.getElementById("payment_result");
if (result) {
    new PaymentResult(result);
}

export {PaymentResult};
