"""The invoice on a phone: each label and each digit is on the screen."""

from odoo.tests import tagged

from ..browser_common import PortalBrowserCase
from ..pdf_common import LAYOUTS, PdfCommon

# The texts that are cut off or beyond the edge of the screen.
_HIDDEN_TEXTS = """
() => {
    const width = document.documentElement.clientWidth;
    const found = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const node = walker.currentNode;
        if (!node.textContent.trim()) continue;
        const range = document.createRange();
        range.selectNodeContents(node);
        let clip = [0, width];
        let scrolls = false;
        for (let box = node.parentElement; box; box = box.parentElement) {
            const style = getComputedStyle(box);
            if (style.clipPath !== "none" || style.opacity === "0") scrolls = true;
            if (style.overflowX === "auto") scrolls = true;
            if (style.overflowX === "hidden" && box !== document.body) {
                const edges = box.getBoundingClientRect();
                clip = [Math.max(clip[0], edges.left), Math.min(clip[1], edges.right)];
            }
        }
        if (scrolls) continue;
        for (const rect of range.getClientRects()) {
            if (rect.left < clip[0] - 1 || rect.right > clip[1] + 1) {
                found.push(node.textContent.trim());
            }
        }
    }
    return found;
}
"""
_LABELS = """
() => [...document.querySelectorAll(".o_portal_lines tbody td")]
    .filter((cell) => /\\d/.test(cell.textContent))
    .filter((cell) => cell.classList.contains("text-end"))
    .filter((cell) => getComputedStyle(cell).display !== "none")
    .filter((cell) => !cell.dataset.label)
    .map((cell) => cell.textContent.trim())
"""


@tagged("post_install", "-at_install")
class TestInvoicePagePhone(PdfCommon, PortalBrowserCase):
    def _documents(self):
        """A long total, hidden lines and prices, and long words, as pages."""
        vnd = self.env.ref("base.VND")
        vnd.active = True
        lines = [
            {"name": "Free of detail", "display_type": "line_section"},
            {"name": "Article 1", "price_unit": 41634772867.0},
            {"name": "Article 2", "price_unit": 1.0},
            {"name": "Free of prices", "display_type": "line_section"},
            {"name": "A" * 90, "price_unit": 3.0, "quantity": 1234567.0},
        ]
        lines[0]["collapse_composition"] = lines[3]["collapse_prices"] = True
        commands = [(0, 0, line) for line in lines]
        return [
            self._invoice(invoice_line_ids=commands, currency_id=vnd.id),
            self._invoice(3, narration=f"<p>{'B' * 200}</p><pre>{'c ' * 200}</pre>"),
        ]

    def test_nothing_is_cut_off(self):
        moves = self._documents()
        page = self._get_chromium().new_page()
        self.addCleanup(page.close)
        for layout in LAYOUTS:
            self.company.external_report_layout_id = self.env.ref(
                f"web.external_layout_{layout}"
            )
            for move in moves:
                content = move._get_portal_document_html()
                for width in (320, 360):
                    with self.subTest(layout=layout, width=width, move=move.name):
                        page.set_viewport_size({"width": width, "height": 640})
                        page.set_content(str(content))
                        self.assertEqual(page.evaluate(_HIDDEN_TEXTS), [])
                        self.assertEqual(page.evaluate(_LABELS), [])
