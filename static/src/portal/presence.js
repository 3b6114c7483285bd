// @odoo-module ignore
// Tells the server that a person looks at the page, and which buttons are used.
(() => {
    "use strict";

    // How long a visible page counts as looked at, without a touch or a key.
    const DWELL_MS = 8000;
    // After the first touch: who presses everything does so in this time.
    const SETTLE_MS = 1500;
    const PERSON_EVENTS = ["pointerdown", "keydown", "wheel", "touchstart"];

    const page = document.querySelector("[data-seen-url]");
    if (!page) {
        return;
    }
    const {seenUrl, visitId, visitProof} = page.dataset;
    const pressed = new Set();
    let dwellTimer, settleTimer;
    let isArmed = true;

    const getReport = (values) => ({
        visit_id: Number(visitId),
        proof: visitProof,
        webdriver: Boolean(navigator.webdriver),
        pressed: pressed.size,
        ...values,
    });
    const send = async (how) => {
        isArmed = false;
        clearTimeout(dwellTimer);
        clearTimeout(settleTimer);
        settleTimer = undefined;
        const seconds = await window.accountPaymentPortal.callServer(
            seenUrl,
            getReport({how})
        );
        if (seconds) {
            // Not convinced: a touch from then on will do, waiting will not.
            setTimeout(() => {
                isArmed = true;
            }, seconds * 1000);
        } else {
            stop();
        }
    };
    // Survives the page, which the buttons lead away from.
    const sendAtLast = (values) =>
        navigator.sendBeacon(
            seenUrl,
            new Blob(
                [
                    JSON.stringify({
                        jsonrpc: "2.0",
                        method: "call",
                        params: getReport(values),
                    }),
                ],
                {type: "application/json"}
            )
        );
    const onPersonEvent = (ev) => {
        // Events that a script made are not a person's.
        if (!isArmed || settleTimer || !ev.isTrusted) {
            return;
        }
        clearTimeout(dwellTimer);
        settleTimer = setTimeout(send, SETTLE_MS, "interaction");
    };
    const onPageHide = () => {
        if (settleTimer) {
            clearTimeout(settleTimer);
            settleTimer = undefined;
            sendAtLast({how: "interaction"});
        }
    };
    const watchDwell = () => {
        clearTimeout(dwellTimer);
        if (isArmed && !settleTimer && document.visibilityState === "visible") {
            dwellTimer = setTimeout(send, DWELL_MS, "dwell");
        }
    };
    const stop = () => {
        document.removeEventListener("visibilitychange", watchDwell);
        removeEventListener("pagehide", onPageHide);
        PERSON_EVENTS.forEach((name) => removeEventListener(name, onPersonEvent));
    };

    for (const button of document.querySelectorAll("a[href*='?visit=']")) {
        button.href += "&script=1";
        button.addEventListener("click", () => pressed.add(button.id));
    }
    const printButton = document.getElementById("print_invoice");
    if (printButton) {
        printButton.addEventListener("click", () => sendAtLast({printed: true}));
    }
    document.addEventListener("visibilitychange", watchDwell);
    addEventListener("pagehide", onPageHide);
    PERSON_EVENTS.forEach((name) => addEventListener(name, onPersonEvent));
    watchDwell();
})();
