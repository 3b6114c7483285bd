import {
    ConnectionError,
    ServerError,
    callServer,
} from "@account_payment_portal/portal/server";
import {AmountField} from "./amount_field";
import {Billing} from "./billing";
import {ECheck} from "./echeck";
import {Feedback} from "./feedback";
import {StripeFields, getStripe, within} from "./stripe_fields";

// How long a payment may take before the customer is told where its answer will be.
const LONG_MS = 20000;
// What Stripe says of these is meant for customers.
// Source: https://docs.stripe.com/api/errors, `type` and `message`.
const SPOKEN_TYPES = ["card_error", "validation_error"];
const SPOKEN_CODES = ["payment_intent_authentication_failure"];
// Money was taken or is about to be, whatever the error says.
const TAKING = ["processing", "requires_capture", "succeeded"];
// Answers of the server that leave the payment to be tried again.
const UNPAID = ["", "waiting", "failed", "cancelled"];

/**
 * The payment screen: from what is entered to the provider, and to the answer.
 *
 * Nothing is started before all that was entered has been looked at, by the page, by
 * Stripe and by the server; what is wrong is told at once, all of it. Whatever happens,
 * Pay can be pressed again, or the page says where the answer is.
 */
class PaymentScreen {
    /**
     * @param {HTMLElement} root - The screen.
     */
    constructor(root) {
        this.root = root;
        this.form = root.querySelector("#payment_form");
        this.button = root.querySelector("#pay_button");
        this.trouble = root.querySelector("#pay_trouble");
        this.feedback = new Feedback(root);
        this.billing = new Billing(root, this.feedback);
        this.amount = new AmountField(root, () => this.followAmount());
        const echeck = root.querySelector("#portal_echeck");
        this.echeck = echeck && new ECheck(echeck, this.feedback);
        this.fields = this.makeFields();
        this.form.addEventListener("submit", (ev) => this.onSubmit(ev));
        for (const radio of root.querySelectorAll('[name="payment_option"]')) {
            radio.addEventListener("change", () => {
                // What was wrong with another way to pay is no matter any more.
                this.feedback.clearErrors();
                this.showOption();
            });
        }
        this.trouble
            ?.querySelector("button")
            .addEventListener("click", () => this.retry());
        this.billing.block.addEventListener("change", () =>
            this.fields.get(this.option)?.followAddress()
        );
        // Back from elsewhere, the page may be as it was left, and the fields as the
        // browser remembers them.
        addEventListener("pageshow", (ev) => {
            if (ev.persisted) {
                this.setBusy(false);
            }
            this.showOption();
            this.amount.follow();
        });
        this.showOption();
        this.amount.follow();
    }

    makeFields() {
        const screen = {
            sdkUrl: this.root.dataset.sdkUrl,
            getDetails: () => this.billing.details,
            getMinorAmount: ({minorDigits}) => this.getMinorAmount(minorDigits),
            onTrouble: (option, kind) =>
                option === this.option && this.showTrouble(kind),
        };
        return new Map(
            [...this.root.querySelectorAll('[data-kind="element"]')].map((option) => [
                option,
                new StripeFields(option, screen),
            ])
        );
    }

    getMinorAmount(minorDigits) {
        const number =
            this.amount.number > 0 ? this.amount.number : this.amount.format.amount;
        return Math.max(1, Math.round(Number(number) * 10 ** minorDigits));
    }

    /** The chosen way to pay. */
    get option() {
        return this.root
            .querySelector('[name="payment_option"]:checked')
            ?.closest("[data-kind]");
    }

    // === Showing ===

    showOption() {
        const {option} = this;
        for (const other of this.root.querySelectorAll("[data-kind]")) {
            other.classList.toggle("o_portal_chosen", other === option);
        }
        this.showTrouble();
        this.fields.get(option)?.show();
        if (option?.dataset.kind === "echeck") {
            this.loadForECheck(option);
        }
        this.showButton();
    }

    async loadForECheck(option) {
        try {
            await this.getStripe(option);
        } catch {
            if (option === this.option) {
                this.showTrouble("failed");
            }
        }
    }

    getStripe(option) {
        return getStripe(this.root.dataset.sdkUrl, JSON.parse(option.dataset.stripe));
    }

    showTrouble(kind) {
        if (!this.trouble) {
            return;
        }
        this.trouble.hidden = !kind;
        if (kind) {
            this.trouble.querySelector("p").textContent = this.feedback.text(kind);
        }
    }

    retry() {
        this.showTrouble();
        const fields = this.fields.get(this.option);
        if (fields?.isShowing) {
            fields.reset();
        }
        this.showOption();
    }

    followAmount() {
        const authorized = this.root.querySelector("#echeck_amount");
        if (authorized) {
            authorized.textContent = this.amount.label;
        }
        this.showButton();
    }

    showButton() {
        if (this.isBusy) {
            this.button.textContent = this.feedback.text("processing");
        } else if (this.option?.dataset.kind === "provider") {
            const name = this.option.querySelector(".o_portal_option_name").textContent;
            this.button.textContent = this.feedback.text("continue", {name});
        } else {
            const {label} = this.amount;
            this.button.textContent = this.feedback.text("pay", {amount: label});
        }
    }

    setBusy(isBusy) {
        this.isBusy = isBusy;
        // Not `disabled`, which takes the focus away.
        this.button.setAttribute("aria-disabled", String(isBusy));
        this.root.setAttribute("aria-busy", String(isBusy));
        this.feedback.showStatus(isBusy ? this.feedback.text("processing") : "");
        this.showButton();
        clearTimeout(this.longTimer);
        this.root.querySelector("#pay_long").hidden = true;
    }

    // === Paying ===

    async onSubmit(ev) {
        ev.preventDefault();
        if (this.isBusy) {
            return;
        }
        this.feedback.clearErrors();
        this.setBusy(true);
        let errors;
        try {
            errors = await this.pay(this.option);
        } catch (error) {
            errors = [this.describe(error)];
        }
        if (errors) {
            this.setBusy(false);
            if (errors.length) {
                this.showErrors(errors);
            }
        }
    }

    showErrors(errors) {
        const isOfBilling = ({field}) => field && this.billing.field(field);
        if (errors.some(isOfBilling)) {
            this.billing.open();
        }
        this.feedback.showErrors(errors);
    }

    /** Say an error of the server or of the network in words. */
    describe(error) {
        if (error instanceof ServerError) {
            const name = error.message ? null : "server";
            return {
                field: error.field,
                message: name ? this.feedback.text(name) : error.message,
            };
        }
        const name = error instanceof ConnectionError ? "offline" : "failed";
        return {message: this.feedback.text(name)};
    }

    /**
     * @param {HTMLElement} option - The way to pay.
     * @returns {Promise<Object[]|null>} - What is wrong; nothing where the page is left.
     */
    async pay(option) {
        if (!option) {
            return [{message: this.feedback.text("choose")}];
        }
        const {errors, attempt} = await this.check(option);
        if (errors.length) {
            return errors;
        }
        let restart = false;
        if (attempt && !attempt.is_this_screens && attempt.is_mine) {
            restart = await this.ask(attempt.message);
            if (!restart) {
                return [];
            }
        }
        if (option.dataset.kind === "provider") {
            return this.goToProvider(restart);
        }
        const values = await this.start(option, restart);
        if (values.errors) {
            return values.errors;
        }
        if (values.state === "error") {
            return [{message: values.state_message || this.feedback.text("server")}];
        }
        if (
            option.dataset.kind === "token" ||
            (values.state && values.state !== "draft")
        ) {
            return this.leave();
        }
        return this.confirm(option, values);
    }

    /**
     * @param {HTMLElement} option - The way to pay.
     * @param {Boolean} restart - Whether a payment before is cancelled.
     * @returns {Promise<Object>} - What the server answers, or the `errors`.
     */
    async start(option, restart) {
        try {
            return await callServer(
                this.root.dataset.transactionUrl,
                this.getParams(option, restart)
            );
        } catch (error) {
            if (error instanceof ConnectionError && option.dataset.kind === "token") {
                // The server charges a saved card by itself, if it was told to.
                return {errors: [this.makeUnknown()]};
            }
            throw error;
        }
    }

    /**
     * Have everything looked at, at once: by the page, by Stripe's fields, by the server.
     *
     * @param {HTMLElement} option - The way to pay.
     * @returns {Promise<Object>} - The `errors`, and the `attempt` that is under way.
     */
    async check(option) {
        const fields = this.fields.get(option);
        const errors = [...this.billing.validate(), ...this.checkAmount()];
        if (option.dataset.kind === "echeck") {
            errors.push(...this.echeck.validate(), ...(await this.checkStripe(option)));
        }
        if (fields && !fields.isReady) {
            errors.push({message: this.feedback.text("not_ready")});
        }
        if (fields?.isWallet) {
            // Its sheet opens at the click or never: what the server says comes after.
            return {errors: errors.length ? errors : await this.submit(fields)};
        }
        const [ofFields, answer] = await Promise.all([
            fields?.isReady ? this.submit(fields) : [],
            callServer(this.root.dataset.checkUrl, this.entered),
        ]);
        for (const [field, message] of Object.entries(answer.errors)) {
            if (!errors.some((error) => error.field === field)) {
                errors.push({field, message});
            }
        }
        return {errors: [...errors, ...ofFields], attempt: answer.attempt};
    }

    /** A payment that Stripe's script cannot go on with is not to be started. */
    async checkStripe(option) {
        try {
            await within(this.getStripe(option));
            return [];
        } catch {
            return [{message: this.feedback.text("not_ready")}];
        }
    }

    checkAmount() {
        return this.amount.number > 0
            ? []
            : [{field: "amount", message: this.feedback.text("amount")}];
    }

    async submit(fields) {
        const {error} = await fields.submit();
        return error ? [{message: error.message, lead: () => fields.focus()}] : [];
    }

    /** What was entered, as the routes of the server take it. */
    get entered() {
        return {
            amount: this.amount.value,
            billing: this.billing.values,
            client_key: this.root.dataset.clientKey,
        };
    }

    getParams(option, restart) {
        const {providerId, methodId, tokenId} = option.dataset;
        const isToken = option.dataset.kind === "token";
        return {
            ...this.entered,
            provider_id: Number(providerId),
            payment_method_id: isToken ? null : Number(methodId),
            token_id: isToken ? Number(tokenId) : null,
            flow: isToken ? "token" : "direct",
            tokenization_requested: Boolean(
                option.querySelector('[name="save_method"]')?.checked
            ),
            restart,
        };
    }

    /**
     * Ask whether a payment that was started elsewhere is to be cancelled.
     *
     * @param {String} message - What the server tells of it.
     * @returns {Promise<Boolean>} - Whether to go on.
     */
    ask(message) {
        const question = this.root.querySelector("#pay_question");
        question.querySelector("p").textContent = message;
        question.hidden = false;
        question.focus();
        this.feedback.showStatus();
        return new Promise((resolve) => {
            for (const button of question.querySelectorAll("button")) {
                button.onclick = () => {
                    question.hidden = true;
                    this.button.focus();
                    this.feedback.showStatus(this.feedback.text("processing"));
                    resolve(button.name === "restart");
                };
            }
        });
    }

    goToProvider(restart) {
        this.form.elements.restart.value = restart ? "1" : "";
        this.form.elements.amount.value = this.amount.value;
        this.form.submit();
        return null;
    }

    leave() {
        location.assign(this.root.dataset.resultUrl);
        return null;
    }

    async confirm(option, values) {
        this.longTimer = setTimeout(() => {
            this.root.querySelector("#pay_long").hidden = false;
            this.feedback.showStatus(this.feedback.text("long"));
        }, LONG_MS);
        let error;
        try {
            ({error} = await this.confirmAtStripe(option, values));
        } catch (thrown) {
            error = {message: thrown.message};
        }
        return error ? this.explain(option, error) : this.leave();
    }

    /** What is told where nobody here knows whether money was taken. */
    makeUnknown() {
        return {message: this.feedback.text("unknown"), lead: () => this.leave()};
    }

    async confirmAtStripe(option, values) {
        const fields = this.fields.get(option);
        if (fields) {
            return fields.confirm(values);
        }
        const stripe = await this.getStripe(option);
        return stripe.confirmUsBankAccountPayment(values.client_secret, {
            payment_method: this.echeck.paymentMethod(this.billing.details),
        });
    }

    /**
     * Say why a payment failed and what to do next, if it did.
     *
     * @param {HTMLElement} option - The way to pay.
     * @param {Object} error - Stripe's error.
     * @returns {Promise<Object[]|null>} - The errors; nothing where the page is left.
     */
    async explain(option, error) {
        if (TAKING.includes(error.payment_intent?.status)) {
            return this.leave();
        }
        const isSpoken =
            SPOKEN_TYPES.includes(error.type) || SPOKEN_CODES.includes(error.code);
        if (!isSpoken) {
            // It may have been made all the same: the server asks Stripe.
            try {
                const status = await callServer(this.root.dataset.statusUrl);
                if (!UNPAID.includes(status)) {
                    return this.leave();
                }
            } catch {
                return [this.makeUnknown()];
            }
        }
        const message = isSpoken ? error.message : this.feedback.text("server");
        const {kind} = option.dataset;
        const hasOther = this.root.querySelectorAll("[data-kind]").length > 1;
        const advice = hasOther ? `advice_${kind}` : `advice_${kind}_alone`;
        const fields = this.fields.get(option);
        return [
            {
                message: `${message} ${this.feedback.text(advice)}`,
                lead: fields && (() => fields.focus()),
            },
        ];
    }
}

const root = document.querySelector("#payment_screen");
if (root) {
    new PaymentScreen(root);
}

export {PaymentScreen};
