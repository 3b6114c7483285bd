// @odoo-module ignore
// The invoice's frame: as tall as the invoice, and what Print prints.
(() => {
    "use strict";

    const frame = document.getElementById("invoice_document");
    if (!frame) {
        return;
    }
    const fit = () => {
        const root = frame.contentDocument && frame.contentDocument.documentElement;
        if (root) {
            // A frame tells no less than its own height.
            frame.style.height = "0";
            frame.style.height = `${root.scrollHeight}px`;
        }
    };
    frame.addEventListener("load", fit);
    addEventListener("resize", fit);
    fit();

    const print = (ev) => {
        ev.preventDefault();
        frame.contentWindow.focus();
        frame.contentWindow.print();
    };
    document.getElementById("print_invoice").addEventListener("click", print);
    addEventListener("keydown", (ev) => {
        if ((ev.ctrlKey || ev.metaKey) && !ev.altKey && ev.key.toLowerCase() === "p") {
            print(ev);
        }
    });
})();
