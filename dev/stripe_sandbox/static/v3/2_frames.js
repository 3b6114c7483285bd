/* global ORIGIN */
/* exported FRAME_STYLE, Frame, challenge, style */
/**
 * Second part: frames. As with the real Stripe.js, card fields live in frames of the
 * sandbox's own origin; the page around them never sees a number. Frames and page
 * talk by postMessage, each side checking origin and window.
 */
const FRAME_STYLE = {
    border: "0",
    display: "block",
    margin: "-4px",
    width: "calc(100% + 8px)",
    height: "1px",
    "color-scheme": "auto",
};
let lastFrame = 0;

function style(node, rules) {
    for (const [name, value] of Object.entries(rules)) {
        node.style.setProperty(name, value);
    }
}

class Frame {
    constructor(page, title, onEvent) {
        this.id = `__privateStripeFrame${++lastFrame}`;
        this.onEvent = onEvent;
        this.replies = new Map();
        this.node = document.createElement("iframe");
        this.node.name = this.id;
        this.node.title = title;
        this.node.allow = "payment *";
        this.node.src = `${ORIGIN}${page}#${this.id}`;
        this.listener = (event) => this.receive(event);
        this.connected = new Promise((resolve) => (this.connect = resolve));
        window.addEventListener("message", this.listener);
    }

    receive(event) {
        const {data, origin, source} = event;
        const own = origin === ORIGIN && source === this.node.contentWindow;
        if (!own || !data || data.frame !== this.id) {
            return;
        }
        if (data.event === "hello") {
            this.connect();
        } else if (data.event) {
            this.onEvent(data.event, data.payload);
        } else if (this.replies.has(data.reply)) {
            this.replies.get(data.reply)(data.payload);
            this.replies.delete(data.reply);
        }
    }

    async call(type, payload) {
        await this.connected;
        const id = `${this.id}-${Math.random()}`;
        const answer = new Promise((resolve) => this.replies.set(id, resolve));
        const message = {frame: this.id, id, type, payload};
        this.node.contentWindow.postMessage(message, ORIGIN);
        return answer;
    }

    remove() {
        window.removeEventListener("message", this.listener);
        this.node.remove();
    }
}

/** Show the issuer's challenge over the whole page until it is answered. */
function challenge(url) {
    return new Promise((resolve) => {
        const frame = document.createElement("iframe");
        frame.src = url;
        frame.title = "Card authentication";
        frame.name = "__stripeJSChallengeFrame";
        style(frame, {
            position: "fixed",
            inset: "0",
            width: "100%",
            height: "100%",
            border: "0",
            "z-index": "2147483647",
        });
        const listener = (event) => {
            const own = event.origin === ORIGIN && event.source === frame.contentWindow;
            if (own && event.data && event.data.frame === "challenge") {
                window.removeEventListener("message", listener);
                frame.remove();
                resolve();
            }
        };
        window.addEventListener("message", listener);
        document.body.append(frame);
    });
}
