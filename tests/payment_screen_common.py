from odoo.fields import Command

from .browser_common import PHONE, PortalBrowserCase
from .development import expect
from .payment_common import PortalPaymentCommon

PAID = "Thank you, your payment was received"
CARD = "4242 4242 4242 4242"
#: What axe does not measure: WCAG 2.2, 1.4.11, of what can be used.
MEASURE_BORDERS = """() => {
    const channel = (value) => {
        const part = value / 255;
        return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    };
    const luminance = (color) => {
        const [r, g, b] = color.match(/[\\d.]+/g).map(Number).map(channel);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const contrast = (one, other) => {
        const [a, b] = [luminance(one), luminance(other)].sort((x, y) => x - y);
        return (b + 0.05) / (a + 0.05);
    };
    const ground = getComputedStyle(document.querySelector(".o_portal_pay"))
        .backgroundColor;
    const selector = ".o_portal_field input, .o_portal_field select, .o_portal_option";
    const found = [];
    for (const node of document.querySelectorAll(selector)) {
        const ratio = contrast(getComputedStyle(node).borderTopColor, ground);
        if (ratio < 3) {
            found.push([node.id || node.className, ratio]);
        }
    }
    const pay = document.getElementById("pay_button");
    pay.blur(); // Whoever has it from a click is not shown it.
    pay.focus({focusVisible: true});
    const style = getComputedStyle(pay);
    if (style.outlineStyle === "none" || contrast(style.outlineColor, ground) < 3) {
        found.push(["focus", style.outline]);
    }
    return found;
}"""
MEASURE_SIZES = """() => {
    const found = [];
    const visible = (node) => node.getClientRects().length;
    const used = "main :is(a, button, input, select)";
    for (const node of document.querySelectorAll(used)) {
        if (!visible(node)) {
            continue;
        }
        const {width, height} = node.getBoundingClientRect();
        if (width < 24 || height < 24) {
            found.push([node.id || node.outerHTML.slice(0, 80), width, height]);
        }
        const isTyped = !node.matches("a, button, [type=radio], [type=checkbox]");
        if (isTyped && parseFloat(getComputedStyle(node).fontSize) < 16) {
            found.push([node.id, getComputedStyle(node).fontSize]);
        }
    }
    return found;
}"""


class PaymentScreenBrowserCase(PortalPaymentCommon, PortalBrowserCase):
    """A customer in front of the payment screen."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._enable_echeck()

    # === What a customer does === #

    def _open(self, page, link=None, **kwargs):
        self.visit(page, (link or self.link)._get_path("pay"), **kwargs)

    def _get_card(self, page):
        return page.frame_locator("[name='o_stripe_element_container'] iframe").first

    def _fill_card(self, page, number=CARD):
        card = self._get_card(page)
        for name, value in {
            "number": number,
            "expiry": "12 / 34",
            "cvc": "739",
        }.items():
            card.locator(f"[name='{name}']").fill(value)

    def _get_button(self, page):
        return page.locator("#pay_button")

    def _expect_paid(self, page, invoice=None):
        expect(page.get_by_role("heading", level=1)).to_have_text(PAID)
        self.wait_for_answers(page)
        self._assert_paid_once(invoice)

    def _create_offers(self):
        term = self.env["account.payment.term"].create(
            {
                "name": "Two percent within years",
                "early_discount": True,
                "discount_percentage": 2,
                "discount_days": 36500,
                "line_ids": [
                    Command.create(
                        {"value": "percent", "value_amount": 100, "nb_days": 36500}
                    )
                ],
            }
        )
        invoice = self._create_portal_invoice(
            invoice_payment_term_id=term.id,
            invoice_date=False,
            invoice_date_due=False,
        )
        return self._create_link(invoice)

    def _assert_for_everybody(self, page):
        """Check what axe finds, and what it does not measure."""
        self.assert_accessible(page)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            for width in (1280, 390, 320):
                page.set_viewport_size({**PHONE, "width": width})
                self.assertEqual(page.evaluate(MEASURE_SIZES), [], (scheme, width))
                overflow = "document.documentElement.scrollWidth - innerWidth"
                self.assertLessEqual(page.evaluate(overflow), 0, width)
            self.assertEqual(page.evaluate(MEASURE_BORDERS), [], scheme)
