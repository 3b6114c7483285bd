// How long Stripe may be silent before the customer is told, and offered another try.
const SLOW_MS = 10000;
// How long a look at the fields may take. Not for a wallet, whose sheet waits for a person.
const SUBMIT_MS = 15000;
// The ways to pay of Stripe's element that open a sheet of their own.
// Source: https://docs.stripe.com/js/element/events/on_change, `value.type`.
const WALLETS = ["apple_pay", "google_pay"];
// Source: https://docs.stripe.com/js/appendix/supported_locales
const LOCALES =
    "ar bg cs da de el en en-AU en-CA en-GB en-NZ es es-419 es-ES et fi fil fr fr-CA fr-FR he hr hu id it it-IT ja ko lt lv ms mt nb nl no pl pt pt-BR ro ru sk sl sv th tr vi zh zh-HK zh-TW".split(
        " "
    );

const clients = new Map();
let loading = null;

/** Stripe.js did not come, or did not answer. */
export class StripeUnavailable extends Error {}

function loadScript(url) {
    loading ||= new Promise((resolve, reject) => {
        const script = document.createElement("script");
        const fail = () => reject(new StripeUnavailable());
        script.src = url;
        script.addEventListener("load", () => (window.Stripe ? resolve() : fail()));
        script.addEventListener("error", fail);
        document.head.append(script);
    }).catch((error) => {
        loading = null; // To be asked for again.
        throw error;
    });
    return loading;
}

/** Let the script be asked for again, where it neither came nor failed. */
function forgetScript() {
    if (!window.Stripe) {
        loading = null;
    }
}

function getLocale() {
    const {lang} = document.documentElement;
    return [lang, lang.split("-")[0], "auto"].find(
        (locale) => LOCALES.includes(locale) || locale === "auto"
    );
}

/**
 * Return Stripe's object of an account; a page has one.
 *
 * @param {String} url - Where Stripe.js is.
 * @param {Object} values - `key` and `apiVersion`.
 * @returns {Promise<Object>} - Stripe's object.
 * @throws {StripeUnavailable} - If there is none.
 */
export async function getStripe(url, {key, apiVersion}) {
    await loadScript(url);
    if (!clients.has(key)) {
        clients.set(key, window.Stripe(key, {apiVersion, locale: getLocale()}));
    }
    return clients.get(key);
}

/** Stripe's fields are in a frame, which sees no style of the page: it is told them. */
function getAppearance(root) {
    const style = getComputedStyle(root);
    const color = (name) => style.getPropertyValue(name).trim();
    const isDark = matchMedia("(prefers-color-scheme: dark)").matches;
    return {
        theme: isDark ? "night" : "stripe",
        variables: {
            colorPrimary: color("--link"),
            colorBackground: color("--card"),
            colorText: color("--text"),
            colorTextSecondary: color("--muted"),
            colorTextPlaceholder: color("--muted"),
            colorDanger: color("--bad-text"),
            fontFamily: style.fontFamily,
            fontSizeBase: "16px",
            borderRadius: "6px",
        },
        rules: {
            ".Input": {borderColor: color("--control-line"), boxShadow: "none"},
            ".Input:focus": {
                borderColor: color("--link"),
                boxShadow: `0 0 0 2px ${color("--link")}`,
            },
        },
    };
}

/**
 * Reject what takes too long.
 *
 * @param {Promise} promise - What is waited for.
 * @param {Number} milliseconds - How long at most.
 * @returns {Promise} - The same.
 */
export function within(promise, milliseconds = SUBMIT_MS) {
    let timer = null;
    const late = new Promise((resolve, reject) => {
        timer = setTimeout(() => reject(new StripeUnavailable()), milliseconds);
    });
    return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/**
 * The fields of a way to pay that Stripe shows: cards, wallets, and others.
 */
export class StripeFields {
    /**
     * @param {HTMLElement} panel - Where they stand.
     * @param {Object} screen - `sdkUrl`; `getMinorAmount`, `getDetails` of the payer; and
     *     `onTrouble`, called with the panel and `slow`, `failed` or, when all is well,
     *     nothing.
     */
    constructor(panel, screen) {
        this.panel = panel;
        this.screen = screen;
        this.values = JSON.parse(panel.dataset.stripe);
        this.target = panel.querySelector(".o_portal_element");
        this.saveBox = panel.querySelector('[name="save_method"]');
        this.turn = 0;
        this.isReady = false;
        this.isWallet = false;
        this.saveBox?.addEventListener("change", () => this.update());
        matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () =>
            this.elements?.update({appearance: getAppearance(this.panel)})
        );
    }

    /** Show the fields, once; again after they could not be shown. */
    async show() {
        if (this.isShowing) {
            return;
        }
        this.isShowing = true;
        const turn = ++this.turn;
        const slow = setTimeout(() => this.tell(turn, "slow"), SLOW_MS);
        try {
            this.stripe = await getStripe(this.screen.sdkUrl, this.values);
            await this.mount();
            this.tell(turn);
        } catch {
            this.tell(turn, "failed");
        } finally {
            clearTimeout(slow);
        }
    }

    /** Note how showing them went; not of a try that another one has followed. */
    tell(turn, trouble) {
        if (turn !== this.turn) {
            return;
        }
        this.isReady = !trouble;
        this.isShowing = trouble !== "failed";
        this.panel.classList.toggle("o_portal_settled", trouble !== "slow");
        this.screen.onTrouble(this.panel, trouble);
    }

    mount() {
        const {type, currency, captureMethod} = this.values;
        const {address = {}, ...payer} = this.screen.getDetails();
        this.hasPostcode = Boolean(address.postal_code);
        this.elements = this.stripe.elements({
            mode: "payment",
            amount: this.screen.getMinorAmount(this.values),
            currency,
            captureMethod,
            paymentMethodTypes: [type],
            ...(this.isSaved ? {setupFutureUsage: "off_session"} : {}),
            appearance: getAppearance(this.panel),
        });
        const element = this.elements.create("payment", {
            defaultValues: {billingDetails: {...payer, address}},
            // The page has asked already. What is left out here is sent with the payment,
            // and has to be: so only what there is.
            fields: {
                billingDetails: {
                    address: {
                        country: address.country ? "never" : "auto",
                        postalCode: this.hasPostcode ? "never" : "auto",
                    },
                },
            },
        });
        element.on("change", ({value}) => {
            this.isWallet = WALLETS.includes(value?.type);
        });
        return new Promise((resolve, reject) => {
            element.on("ready", resolve);
            element.on("loaderror", () => reject(new StripeUnavailable()));
            element.mount(this.target);
        });
    }

    /** Show them anew where another payer's address needs other fields. */
    async followAddress() {
        const {address = {}} = this.screen.getDetails();
        if (this.isReady && Boolean(address.postal_code) !== this.hasPostcode) {
            this.reset();
            await this.show();
        }
    }

    /** Take the fields away, to be shown again. */
    reset() {
        forgetScript();
        this.elements?.getElement("payment")?.destroy();
        this.isReady = this.isShowing = this.isWallet = false;
        this.panel.classList.remove("o_portal_settled");
    }

    get isSaved() {
        return this.values.isSaved || Boolean(this.saveBox?.checked);
    }

    /** Tell the fields what is to be paid, which has to be what the payment says. */
    update() {
        this.elements?.update({
            amount: this.screen.getMinorAmount(this.values),
            setupFutureUsage: this.isSaved ? "off_session" : null,
        });
    }

    /**
     * Have the fields look at themselves, or a wallet open its sheet.
     *
     * @returns {Promise<Object>} - The `error`, if there is one.
     * @throws {StripeUnavailable} - If no answer comes.
     */
    submit() {
        this.update();
        const submitted = this.elements.submit();
        return this.isWallet ? submitted : within(submitted);
    }

    /**
     * Pay. Where all is well the page is left, and no answer comes.
     *
     * @param {Object} values - What the server gave: `client_secret` and `return_url`.
     * @returns {Promise<Object>} - The `error`.
     */
    confirm(values) {
        return this.stripe.confirmPayment({
            elements: this.elements,
            clientSecret: values.client_secret,
            confirmParams: {
                return_url: values.return_url,
                payment_method_data: {billing_details: this.screen.getDetails()},
            },
        });
    }

    focus() {
        this.elements?.getElement("payment")?.focus();
    }
}
