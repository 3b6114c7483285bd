import {patch} from "@web/core/utils/patch";
import {PaymentForm} from "@payment/interactions/payment_form";

// Core's form of another provider starts the payment of what the payment screen asked for.
patch(PaymentForm.prototype, {
    _prepareTransactionRouteParams() {
        const params = super._prepareTransactionRouteParams();
        const entered = this.el.closest("[data-portal-entered]")?.dataset.portalEntered;
        return entered ? {...params, ...JSON.parse(entered)} : params;
    },
});
