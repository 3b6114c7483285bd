// @odoo-module ignore
// Tells the server that a person looks at the page, and which buttons are used.
(() => {
    "use strict";

    // After so many seconds in front the page reports, without a touch or a key.
    const FRONT_SECONDS = [30, 60];
    // After the first touch: who presses everything does so in this time.
    const SETTLE_MS = 1500;
    const PERSON_EVENTS = ["pointerdown", "keydown", "wheel", "touchstart"];

    const page = document.querySelector("[data-seen-url]");
    if (!page) {
        return;
    }
    const {seenUrl, visitId, visitProof} = page.dataset;
    const pressed = new Set();
    let frontTimer, settleTimer;
    // Milliseconds in front before the current time in front, and since when that is.
    let frontMs = 0,
        frontSince = null;
    let isArmed = true,
        isLate = false,
        isTouched = false,
        isScrolled = false;

    const getFrontMs = () =>
        frontMs + (frontSince === null ? 0 : Date.now() - frontSince);
    const getReport = (values) => ({
        visit_id: Number(visitId),
        proof: visitProof,
        webdriver: Boolean(navigator.webdriver),
        pressed: pressed.size,
        front: Math.round(getFrontMs() / 1000),
        touched: isTouched,
        scrolled: isScrolled,
        focused: document.hasFocus(),
        ...values,
    });
    const send = async (how) => {
        isArmed = false;
        clearTimeout(settleTimer);
        settleTimer = undefined;
        const seconds = await window.accountPaymentPortal.callServer(
            seenUrl,
            getReport({how})
        );
        if (seconds) {
            // Not convinced: a touch from then on will do, or more time in front.
            setTimeout(() => {
                isArmed = true;
                watchFront();
                if (isLate) {
                    onFront();
                }
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
        if (!ev.isTrusted) {
            return;
        }
        isTouched = true;
        if (isArmed && !settleTimer) {
            settleTimer = setTimeout(send, SETTLE_MS, "interaction");
        }
    };
    const onScroll = () => {
        isScrolled = true;
    };
    const onPageHide = () => {
        if (settleTimer) {
            clearTimeout(settleTimer);
            settleTimer = undefined;
            sendAtLast({how: "interaction"});
        }
    };
    const watchFront = () => {
        const now = Date.now();
        if (frontSince !== null) {
            frontMs += now - frontSince;
        }
        frontSince = document.visibilityState === "visible" ? now : null;
        clearTimeout(frontTimer);
        const next = FRONT_SECONDS.find((seconds) => seconds * 1000 > frontMs);
        if (next && frontSince !== null) {
            frontTimer = setTimeout(onFront, next * 1000 - frontMs);
        }
    };
    const onFront = () => {
        watchFront();
        // The time was up while the server had not been convinced yet.
        isLate = !isArmed;
        if (isArmed && !settleTimer) {
            send("dwell");
        }
    };
    const stop = () => {
        clearTimeout(frontTimer);
        document.removeEventListener("visibilitychange", watchFront);
        document.removeEventListener("scroll", onScroll);
        removeEventListener("pagehide", onPageHide);
        PERSON_EVENTS.forEach((name) => removeEventListener(name, onPersonEvent));
    };

    // Most of the page is the invoice, in a frame: what is done there is done here.
    const frame = document.getElementById("invoice_document");
    const watchFrame = () =>
        PERSON_EVENTS.forEach((name) =>
            frame.contentDocument?.addEventListener(name, onPersonEvent)
        );
    if (frame) {
        frame.addEventListener("load", watchFrame);
        watchFrame();
    }
    for (const button of document.querySelectorAll("a[href*='?visit=']")) {
        button.href += "&script=1";
        button.addEventListener("click", () => pressed.add(button.id));
    }
    const printButton = document.getElementById("print_invoice");
    if (printButton) {
        printButton.addEventListener("click", () => sendAtLast({printed: true}));
    }
    document.addEventListener("visibilitychange", watchFront);
    document.addEventListener("scroll", onScroll, {passive: true});
    addEventListener("pagehide", onPageHide);
    PERSON_EVENTS.forEach((name) => addEventListener(name, onPersonEvent));
    watchFront();
})();
