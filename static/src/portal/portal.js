// @odoo-module ignore
// The portal's pages work without this script; it only makes them nicer, and tells the
// server that a person is there.
(() => {
    "use strict";

    // How long a visible page counts as looked at, without a touch or a key.
    const DWELL_MS = 4000;
    const PERSON_EVENTS = ["pointerdown", "keydown", "wheel", "touchstart"];
    const POLL_MS = [1000, 1500, 2000, 3000, 5000];

    async function callServer(url, params) {
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
    }

    /** Report once that a person looks at the page. */
    function reportView(page) {
        const {seenUrl, visitId, visitProof} = page.dataset;
        let dwellTimer;
        const report = (ev) => {
            // Events that a script made are not a person's.
            if (document.visibilityState !== "visible" || (ev && !ev.isTrusted)) {
                return;
            }
            stop();
            callServer(seenUrl, {visit_id: Number(visitId), proof: visitProof});
        };
        const watchDwell = () => {
            clearTimeout(dwellTimer);
            if (document.visibilityState === "visible") {
                dwellTimer = setTimeout(report, DWELL_MS);
            }
        };
        const stop = () => {
            clearTimeout(dwellTimer);
            document.removeEventListener("visibilitychange", watchDwell);
            PERSON_EVENTS.forEach((name) => removeEventListener(name, report));
        };
        document.addEventListener("visibilitychange", watchDwell);
        PERSON_EVENTS.forEach((name) => addEventListener(name, report));
        watchDwell();
    }

    /** Make the invoice's frame as tall as the invoice. */
    function fitFrame(frame) {
        const fit = () => {
            const root = frame.contentDocument && frame.contentDocument.documentElement;
            if (root) {
                frame.style.height = `${root.scrollHeight}px`;
            }
        };
        frame.addEventListener("load", fit);
        addEventListener("resize", fit);
        fit();
    }

    /** Print the invoice, not the page around it. */
    function printFrame(button, frame) {
        button.addEventListener("click", (ev) => {
            ev.preventDefault();
            frame.contentWindow.focus();
            frame.contentWindow.print();
        });
    }

    /** Follow a payment until it has an outcome. */
    async function followPayment(result) {
        const {pollUrl, state} = result.dataset;
        for (let poll = 0; ; poll++) {
            const pause = POLL_MS[Math.min(poll, POLL_MS.length - 1)];
            await new Promise((resolve) => setTimeout(resolve, pause));
            try {
                const answer = await callServer(pollUrl, {});
                if (answer.state !== "draft" && answer.state !== "pending") {
                    break;
                }
                if (answer.state !== state) {
                    break;
                }
            } catch {
                // The server is busy with the payment: ask again.
            }
        }
        location.reload();
    }

    const page = document.querySelector("[data-seen-url]");
    if (page) {
        reportView(page);
    }
    const frame = document.getElementById("invoice_document");
    if (frame) {
        fitFrame(frame);
        printFrame(document.getElementById("print_invoice"), frame);
    }
    const result = document.querySelector("[data-poll-url]");
    if (result) {
        followPayment(result);
    }
})();
