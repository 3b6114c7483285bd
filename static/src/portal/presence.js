import {FrontTime} from "./front_time";
import {callServer} from "./server";

// After the first touch: who presses everything does so in this time.
const SETTLE_MS = 1500;
const PERSON_EVENTS = ["pointerdown", "keydown", "wheel", "touchstart"];

/** Tells the server that a person looks at the page, and which buttons are used. */
class Presence {
    /**
     * @param {HTMLElement} page - What knows of the visit.
     */
    constructor(page) {
        this.visit = page.dataset;
        this.pressed = new Set();
        this.front = new FrontTime();
        this.isArmed = true;
        this.isLate = this.isTouched = this.isScrolled = false;
        for (const name of ["onPersonEvent", "onScroll", "onPageHide", "watchFront"]) {
            this[name] = this[name].bind(this);
        }
        this.watchFrame(document.getElementById("invoice_document"));
        this.watchButtons();
        document.addEventListener("visibilitychange", this.watchFront);
        document.addEventListener("scroll", this.onScroll, {passive: true});
        addEventListener("pagehide", this.onPageHide);
        PERSON_EVENTS.forEach((name) => addEventListener(name, this.onPersonEvent));
        this.watchFront();
    }

    /** Most of the page is the invoice, in a frame: what is done there is done here. */
    watchFrame(frame) {
        const watch = () =>
            PERSON_EVENTS.forEach((name) =>
                frame.contentDocument?.addEventListener(name, this.onPersonEvent)
            );
        if (frame) {
            frame.addEventListener("load", watch);
            watch();
        }
    }

    watchButtons() {
        for (const button of document.querySelectorAll("a[href*='?visit=']")) {
            button.href += "&script=1";
            button.addEventListener("click", () => this.pressed.add(button.id));
        }
        document
            .getElementById("print_invoice")
            ?.addEventListener("click", () => this.sendAtLast({printed: true}));
    }

    // === What happens ===

    onPersonEvent(ev) {
        // Events that a script made are not a person's.
        if (!ev.isTrusted) {
            return;
        }
        this.isTouched = true;
        if (this.isArmed && !this.settleTimer) {
            this.settleTimer = setTimeout(() => this.send("interaction"), SETTLE_MS);
        }
    }

    onScroll() {
        this.isScrolled = true;
    }

    onPageHide() {
        if (this.settleTimer) {
            this.settle();
            this.sendAtLast({how: "interaction"});
        }
    }

    watchFront() {
        this.front.follow(document.visibilityState === "visible");
        clearTimeout(this.frontTimer);
        const {untilReport} = this.front;
        if (untilReport !== null) {
            this.frontTimer = setTimeout(() => this.onFront(), untilReport);
        }
    }

    onFront() {
        this.watchFront();
        // The time was up while the server had not been convinced yet.
        this.isLate = !this.isArmed;
        if (this.isArmed && !this.settleTimer) {
            this.send("dwell");
        }
    }

    // === What is told ===

    getReport(values) {
        return {
            visit_id: Number(this.visit.visitId),
            proof: this.visit.visitProof,
            webdriver: Boolean(navigator.webdriver),
            pressed: this.pressed.size,
            front: Math.round(this.front.total / 1000),
            touched: this.isTouched,
            scrolled: this.isScrolled,
            focused: document.hasFocus(),
            ...values,
        };
    }

    async send(how) {
        this.isArmed = false;
        this.settle();
        const seconds = await callServer(this.visit.seenUrl, this.getReport({how}));
        if (seconds) {
            // Not convinced: a touch from then on will do, or more time in front.
            setTimeout(() => this.arm(), seconds * 1000);
        } else {
            this.stop();
        }
    }

    /** Tell something that survives the page, which the buttons lead away from. */
    sendAtLast(values) {
        const params = this.getReport(values);
        const body = JSON.stringify({jsonrpc: "2.0", method: "call", params});
        navigator.sendBeacon(
            this.visit.seenUrl,
            new Blob([body], {type: "application/json"})
        );
    }

    settle() {
        clearTimeout(this.settleTimer);
        this.settleTimer = null;
    }

    arm() {
        this.isArmed = true;
        this.watchFront();
        if (this.isLate) {
            this.onFront();
        }
    }

    stop() {
        clearTimeout(this.frontTimer);
        document.removeEventListener("visibilitychange", this.watchFront);
        document.removeEventListener("scroll", this.onScroll);
        removeEventListener("pagehide", this.onPageHide);
        PERSON_EVENTS.forEach((name) => removeEventListener(name, this.onPersonEvent));
    }
}

const page = document.querySelector("[data-seen-url]");
if (page) {
    new Presence(page);
}

export {Presence};
