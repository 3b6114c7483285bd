/** The invoice's frame: as tall as the invoice, and what Print prints. */
class InvoiceDocument {
    /**
     * @param {HTMLIFrameElement} frame - The frame.
     */
    constructor(frame) {
        this.frame = frame;
        frame.addEventListener("load", () => this.fit());
        addEventListener("resize", () => this.fit());
        this.fit();
        document
            .getElementById("print_invoice")
            .addEventListener("click", (ev) => this.print(ev));
        addEventListener("keydown", (ev) => {
            const isWithControl = (ev.ctrlKey || ev.metaKey) && !ev.altKey;
            if (isWithControl && ev.key.toLowerCase() === "p") {
                this.print(ev);
            }
        });
    }

    fit() {
        const root = this.frame.contentDocument?.documentElement;
        if (root) {
            // A frame tells no less than its own height.
            this.frame.style.height = "0";
            this.frame.style.height = `${root.scrollHeight}px`;
        }
    }

    print(ev) {
        ev.preventDefault();
        this.frame.contentWindow.focus();
        this.frame.contentWindow.print();
    }
}

const frame = document.getElementById("invoice_document");
if (frame) {
    new InvoiceDocument(frame);
}

export {InvoiceDocument};
