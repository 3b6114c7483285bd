import {formatAmount} from "../payment/amount";

/** Says what the ticked invoices come to. Without it, the payment screen says it. */
class TickedTotal {
    /**
     * @param {HTMLFormElement} form - The list of invoices.
     */
    constructor(form) {
        this.form = form;
        this.output = form.querySelector("#ticked_total");
        form.addEventListener("change", () => this.follow());
        form.addEventListener("input", (event) => this.tickPart(event.target));
        form.elements.spread?.addEventListener("keydown", (event) => {
            if (event.key === "Enter") {
                event.preventDefault();
                form.querySelector("#pay_spread").click();
            }
        });
        this.follow();
    }

    /**
     * Ticks the invoice of which a part is entered: it is meant to be paid.
     *
     * @param {HTMLInputElement} input - Where something is entered.
     */
    tickPart(input) {
        const tick = input.closest("tr")?.querySelector("[name=tick]");
        if (tick && input.type === "text" && input.value.trim()) {
            tick.checked = true;
            this.follow();
        }
    }

    /** Sums up what is ticked; not what is entered as a part, which the server reads. */
    follow() {
        const ticked = [...this.form.querySelectorAll("[name=tick]:checked")];
        const hasParts = ticked.some((tick) => this.hasPart(tick));
        const total = ticked.reduce(
            (sum, tick) => sum + Number(tick.dataset.amount),
            0
        );
        const credit = this.form.querySelector("#use_credit:checked");
        const rest = Math.max(total - Number(credit?.dataset.credit || 0), 0);
        this.output.textContent = ticked.length
            ? `${ticked.length} · ${hasParts ? "≤ " : ""}${formatAmount(rest, this.form.dataset)}`
            : "";
    }

    /**
     * @param {HTMLInputElement} tick - The tick of an invoice.
     * @returns {boolean} Whether another amount is entered for it.
     */
    hasPart(tick) {
        const part = this.form.elements[`part_${tick.value}`];
        return Boolean(part && part.value.trim());
    }
}

const form = document.getElementById("account_form");
if (form) {
    new TickedTotal(form);
}
