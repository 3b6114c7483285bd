import {callServer} from "./server";

/**
 * On the invoice page: whoever comes back from verifying a bank account is not asked for
 * it again.
 *
 * @param {String} statusUrl - Where the server tells how the payment stands.
 */
async function refreshOnceVerified(statusUrl) {
    try {
        if ((await callServer(statusUrl)) !== "verify") {
            location.reload();
        }
    } catch {
        // No network: the note stays, and so does the page.
    }
}

const note = document.getElementById("verification_note");
if (note) {
    const refresh = () => refreshOnceVerified(note.dataset.statusUrl);
    addEventListener("pageshow", refresh);
    document.addEventListener("visibilitychange", () => {
        if (document.visibilityState === "visible") {
            refresh();
        }
    });
}

export {refreshOnceVerified};
