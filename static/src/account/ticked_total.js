/** Says what the ticked invoices come to. Without it, the payment screen says it. */
class TickedTotal {
    /**
     * @param {HTMLFormElement} form - The list of invoices.
     */
    constructor(form) {
        this.form = form;
        this.output = form.querySelector("#ticked_total");
        this.format = new Intl.NumberFormat(document.documentElement.lang, {
            style: "currency",
            currency: form.dataset.currency,
        });
        form.addEventListener("change", () => this.follow());
        this.follow();
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
        const rest = total - Number(credit?.dataset.credit || 0);
        this.output.textContent = ticked.length
            ? `${ticked.length} · ${hasParts ? "≤ " : ""}${this.format.format(Math.max(rest, 0))}`
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
