/* global Stripe */

import {_t} from "@web/core/l10n/translation";
import {patch} from "@web/core/utils/patch";
import {rpc, RPCError} from "@web/core/network/rpc";
import {ConfirmationDialog} from "@web/core/confirmation_dialog/confirmation_dialog";

import {PaymentForm} from "@payment/interactions/payment_form";
import {StripeOptions} from "@payment_stripe/interactions/stripe_options";
import {ECheck} from "@account_payment_portal/payment/echeck";
import {PayerForm} from "@account_payment_portal/payment/payer_form";

// The ways to pay of Stripe's element that open a sheet of their own.
// Source: https://docs.stripe.com/js/element/events/on_change, `value.type`.
const WALLETS = ["apple_pay", "google_pay"];

// Core's form, with the portal's billing information, amount and eCheck around it.
patch(PaymentForm.prototype, {
    setup() {
        super.setup();
        const screen = this.el.closest(".o_account_payment_portal_pay");
        this.portalResultUrl = screen?.dataset.resultUrl;
        this.payerForm = screen && new PayerForm(screen);
        const fields = this.el.querySelector("#portal_echeck");
        this.echeck = fields && new ECheck(fields);
    },

    _isECheck(providerCode, paymentMethodCode) {
        return (
            this.echeck &&
            providerCode === "stripe" &&
            paymentMethodCode === "ach_direct_debit"
        );
    },

    async _prepareInlineForm(
        providerId,
        providerCode,
        paymentOptionId,
        paymentMethodCode,
        flow
    ) {
        if (!this._isECheck(providerCode, paymentMethodCode) || flow === "token") {
            const before = this.stripeElements[paymentOptionId];
            await super._prepareInlineForm(...arguments);
            const elements = this.stripeElements[paymentOptionId];
            if (this.payerForm && elements && elements !== before) {
                this._followWallet(paymentOptionId, elements);
            }
            return;
        }
        this._setPaymentFlow("direct");
        const {dataset} = this.echeck.root.parentElement.querySelector(
            '[name="o_stripe_element_container"]'
        );
        const {publishable_key: key} = JSON.parse(dataset.stripeInlineFormValues);
        this.stripeJS ??= Stripe(
            key,
            new StripeOptions()._prepareStripeOptions(dataset)
        );
        // Instead of Stripe's element: all that core asks of it is to be submitted.
        this.stripeElements[paymentOptionId] = {submit: async () => ({}), update() {}};
    },

    /**
     * Note whether a wallet is chosen in an element of Stripe's.
     *
     * @param {Number} paymentOptionId - The way to pay that has the element.
     * @param {Object} elements - Stripe's elements of it.
     */
    _followWallet(paymentOptionId, elements) {
        this.walletOptions ??= new Set();
        elements.getElement("payment").on("change", ({value}) => {
            if (WALLETS.includes(value?.type)) {
                this.walletOptions.add(paymentOptionId);
            } else {
                this.walletOptions.delete(paymentOptionId);
            }
        });
    },

    /**
     * Look at all that was entered before anything is started.
     */
    async _initiatePaymentFlow(providerCode, paymentOptionId, paymentMethodCode) {
        if (!this.payerForm) {
            return super._initiatePaymentFlow(...arguments);
        }
        this.portalRestart = false;
        let isRight = this._checkPortalFields(providerCode, paymentMethodCode);
        if (isRight && !this.walletOptions?.has(paymentOptionId)) {
            // Not for a wallet, whose sheet opens at the click or never: there the
            // server says what is wrong when the payment starts.
            isRight = await this._checkPortalForm();
        }
        if (!isRight) {
            this._enableButton();
            return;
        }
        this._updateStripeAmount();
        return super._initiatePaymentFlow(...arguments);
    },

    /**
     * Show what can be seen to be wrong without the server.
     *
     * @returns {Boolean} - Whether there is nothing.
     */
    _checkPortalFields(providerCode, paymentMethodCode) {
        let errors = this.payerForm.validate();
        if (this._isECheck(providerCode, paymentMethodCode)) {
            errors = {...errors, ...this.echeck.validate()};
        }
        return this.payerForm.showErrors(errors);
    },

    /**
     * Have the server look at what was entered, and at payments under way.
     *
     * @returns {Promise<Boolean>} - Whether to go on.
     */
    async _checkPortalForm() {
        const values = this.payerForm.values;
        let answer;
        try {
            answer = await this.waitFor(
                rpc(this.payerForm.root.dataset.checkUrl, values)
            );
        } catch (error) {
            this._displayErrorDialog(
                _t("The payment could not be started"),
                error instanceof RPCError
                    ? error.data.message
                    : _t(
                          "Nothing was charged. Please check your connection and try again."
                      )
            );
            return false;
        }
        if (!this.payerForm.showErrors(answer.errors)) {
            return false;
        }
        if (answer.attempt && !answer.attempt.is_this_screens) {
            return this._askAboutAttempt(answer.attempt);
        }
        return true;
    },

    /**
     * Ask whether a payment that was started elsewhere is to be called off.
     *
     * @param {Object} attempt - What the server tells of it.
     * @returns {Promise<Boolean>} - Whether to go on.
     */
    _askAboutAttempt({message, is_mine: isMine}) {
        if (!isMine) {
            // The server knows best whether it is to be waited for.
            return true;
        }
        return new Promise((resolve) => {
            this.services.dialog.add(
                ConfirmationDialog,
                {
                    title: _t("A payment has been started"),
                    body: message,
                    confirmLabel: _t("Call it off and pay here"),
                    cancelLabel: _t("Do not pay now"),
                    confirm: () => {
                        this.portalRestart = true;
                        resolve(true);
                    },
                    cancel: () => resolve(false),
                },
                {onClose: () => resolve(false)}
            );
        });
    },

    /** Stripe's elements are told the amount, which must be that of the intent. */
    _updateStripeAmount() {
        if (!this.stripeInlineFormValues) {
            return;
        }
        const shown = parseFloat(this.paymentContext.amount);
        const perUnit = Number(this.stripeInlineFormValues.minor_amount) / shown;
        const minor = Math.round(
            this.payerForm.number * Math.pow(10, Math.round(Math.log10(perUnit)))
        );
        for (const elements of Object.values(this.stripeElements)) {
            elements.update({amount: minor});
        }
    },

    _prepareTransactionRouteParams() {
        const params = super._prepareTransactionRouteParams();
        if (this.payerForm) {
            Object.assign(params, this.payerForm.values, {
                restart: this.portalRestart || false,
            });
        }
        return params;
    },

    async _processDirectFlow(
        providerCode,
        paymentOptionId,
        paymentMethodCode,
        processingValues
    ) {
        if (this.payerForm && processingValues.state !== "draft") {
            // Something became of it meanwhile.
            window.location = this.portalResultUrl;
            return;
        }
        if (!this._isECheck(providerCode, paymentMethodCode)) {
            return super._processDirectFlow(...arguments);
        }
        const {error} = await this.waitFor(
            this.stripeJS.confirmUsBankAccountPayment(processingValues.client_secret, {
                payment_method: this.echeck.paymentMethod(
                    this.payerForm.billingDetails
                ),
            })
        );
        if (error) {
            this._displayErrorDialog(_t("Payment processing failed"), error.message);
            this._enableButton();
        } else {
            window.location = this.portalResultUrl;
        }
    },

    /** Hand the edited billing information over with the card. */
    async _stripeConfirmIntent(processingValues, paymentOptionId) {
        if (!this.payerForm) {
            return super._stripeConfirmIntent(...arguments);
        }
        return this.stripeJS.confirmPayment({
            elements: this.stripeElements[paymentOptionId],
            clientSecret: processingValues.client_secret,
            confirmParams: {
                return_url: processingValues.return_url,
                payment_method_data: {billing_details: this.payerForm.billingDetails},
            },
        });
    },
});
