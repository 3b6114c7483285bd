// @odoo-module ignore
// Tells the server, once, that a person looks at the page.
(() => {
    "use strict";

    // How long a visible page counts as looked at, without a touch or a key.
    const DWELL_MS = 4000;
    const PERSON_EVENTS = ["pointerdown", "keydown", "wheel", "touchstart"];

    const page = document.querySelector("[data-seen-url]");
    if (!page) {
        return;
    }
    const {seenUrl, visitId, visitProof} = page.dataset;
    let dwellTimer;

    const stop = () => {
        clearTimeout(dwellTimer);
        document.removeEventListener("visibilitychange", watchDwell);
        PERSON_EVENTS.forEach((name) => removeEventListener(name, report));
    };
    const report = (ev) => {
        // Events that a script made are not a person's.
        if (document.visibilityState !== "visible" || (ev && !ev.isTrusted)) {
            return;
        }
        stop();
        window.accountPaymentPortal.callServer(seenUrl, {
            visit_id: Number(visitId),
            proof: visitProof,
        });
    };
    const watchDwell = () => {
        clearTimeout(dwellTimer);
        if (document.visibilityState === "visible") {
            dwellTimer = setTimeout(report, DWELL_MS);
        }
    };

    document.addEventListener("visibilitychange", watchDwell);
    PERSON_EVENTS.forEach((name) => addEventListener(name, report));
    watchDwell();
})();
