import {formatAmount, formatFigure, parseAmount} from "./amount";

/**
 * The amount: what is offered, what is entered, or what cannot be changed. What Pay
 * says, what is authorized and what is charged follow it.
 */
export class AmountField {
    /**
     * @param {HTMLElement} root - The screen.
     * @param {Function} onChange - Called with each change.
     */
    constructor(root, onChange) {
        const block = root.querySelector("#portal_amount_block");
        this.format = block.dataset;
        this.offers = [...block.querySelectorAll('[name="portal_offer"]')];
        this.input = block.querySelector("#portal_amount");
        this.onChange = onChange;
        for (const offer of this.offers) {
            offer.addEventListener("change", () => this.takeOffer(offer));
        }
        if (this.input) {
            this.input.addEventListener("input", () => this.follow());
            this.input.addEventListener("change", () => this.tidy());
        }
    }

    takeOffer(offer) {
        if (this.input) {
            this.input.value = formatFigure(Number(offer.value), this.format);
            this.input.dispatchEvent(new Event("input", {bubbles: true}));
        } else {
            this.follow();
        }
    }

    /** Follow what is there now, whoever has put it there: a browser that remembers. */
    follow() {
        const {number} = this;
        if (this.input) {
            for (const offer of this.offers) {
                offer.checked = Number(offer.value) === number;
            }
        }
        this.onChange();
    }

    /** Write what was entered as the language writes it. */
    tidy() {
        if (this.number > 0) {
            this.input.value = formatFigure(this.number, this.format);
        }
    }

    /**
     * @returns {String} - The amount, as the server takes it.
     */
    get value() {
        if (this.input) {
            return this.input.value;
        }
        const chosen = this.offers.find((offer) => offer.checked);
        const amount = Number(chosen ? chosen.value : this.format.amount);
        return formatFigure(amount, this.format);
    }

    /**
     * @returns {Number} - The amount in major units; not a number if it is none.
     */
    get number() {
        return parseAmount(this.value, this.format);
    }

    /**
     * @returns {String} - The amount with its currency; dots while it is none.
     */
    get label() {
        return this.number > 0 ? formatAmount(this.number, this.format) : "…";
    }
}
