// @odoo-module ignore
// On the invoice page: whoever comes back from verifying a bank account is not asked for
// it again.
(() => {
    "use strict";

    const note = document.getElementById("verification_note");
    if (!note) {
        return;
    }
    const refresh = async () => {
        try {
            const answer = await window.accountPaymentPortal.callServer(
                note.dataset.statusUrl,
                {}
            );
            if (answer !== "verify") {
                location.reload();
            }
        } catch {
            // No network: the note stays, and so does the page.
        }
    };
    addEventListener("pageshow", refresh);
    document.addEventListener("visibilitychange", () => {
        if (document.visibilityState === "visible") {
            refresh();
        }
    });
})();
