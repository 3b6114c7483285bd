"""A shop's page that uses the script, and what the tests do on it."""

from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

AMOUNT = 1999
PAGE = """<!doctype html><html lang="en"><head><title>Shop</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<script src="{script}"></script><script src="/shop.js" defer></script></head>
<body><div id="box"></div><button id="pay">Pay</button><output id="out"></output>
</body></html>"""
SHOP = """
const words = new URLSearchParams(location.search);
const out = document.getElementById("out");
const show = (value) => (out.textContent = JSON.stringify(value));
const stripe = Stripe(words.get("pk"), {apiVersion: "2019-05-16"});
window.shop = {stripe, words, show};
if (words.has("type")) {
    const elements = stripe.elements({
        mode: words.get("mode") || "payment", amount: Number(words.get("amount")),
        currency: "usd", paymentMethodTypes: [words.get("type")],
        appearance: {theme: "night", variables: {colorPrimary: "#ff0000"}},
    });
    const options = JSON.parse(words.get("options") || "{}");
    const element = elements.create("payment", options);
    const seen = [];
    element.on("ready", () => (document.body.dataset.ready = "yes"));
    element.on("change", (event) => seen.push(event));
    element.mount("#box");
    Object.assign(window.shop, {elements, element, seen});
    document.getElementById("pay").addEventListener("click", async () => {
        out.textContent = "";
        try {
            const checked = await elements.submit();
            show(checked.error ? checked : await stripe.confirmPayment({
                elements, clientSecret: words.get("cs"),
                redirect: words.get("redirect") || "always",
                confirmParams: {return_url: location.origin + "/back?ref=1",
                    ...JSON.parse(words.get("confirm") || "{}")},
            }));
        } catch (error) {
            show({thrown: error.name, message: error.message});
        }
    });
}
"""


def fields(page):
    """Wait until the element is ready, and return the frame with its fields."""
    page.locator("body[data-ready=yes]").wait_for()
    return page.frame_locator("#box iframe")


def fill_card(page, number="4242424242424242", expiry="1240", cvc="123", zip_="94103"):
    """Fill the card form and return its frame."""
    frame = fields(page)
    for name, text in (("number", number), ("expiry", expiry), ("cvc", cvc)):
        frame.locator(f"[name={name}]").fill(text)
    frame.locator("[name=postalCode]").fill(zip_)
    return frame


def pay(page):
    """Press the button: it moves under a mouse when the fields above it grow."""
    page.press("#pay", "Enter")


def returned(page):
    """Wait for the way back to the shop and return its query."""
    page.wait_for_url("**/back?**")
    query = parse_qs(urlsplit(page.url).query)
    return SimpleNamespace(**{name: values[0] for name, values in query.items()})


def result(page):
    """Wait for what the page shows instead of leaving, and return it."""
    out = page.locator("#out:not(:empty)")
    out.wait_for()
    return out.text_content()
