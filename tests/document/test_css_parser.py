import re
import unittest

from odoo.tests import TransactionCase

from ...models.document.ir_actions_report import PRINT_BUNDLES
from ...pdf import css
from ..development import tinycss2

NESTING = ("media", "supports")
#: What our parser may meet in other style sheets than Odoo's.
HARD_CASES = (
    '/* a{} */ p::before{content:"};{ /* no comment */"}',
    "a[href*='}']{color:red}b{top:0}",
    '@charset "utf-8";@import url("a;b.css");p{top:0}',
    "@media print{p{top:0}/* } */ul{left:0}}ol{top:0}",
    "@supports (display:grid) and (not (float:left)){p{top:0}}",
    "@page :first{margin:1in}p{top:0}",
    "@keyframes x{from{top:0}to{top:1px}}p{top:0}",
    "p:is(a,b) , ul:not(:first-child,:hover)>li{top:0}",
    'p{background:url(data:image/png;base64,AA==)}ul{background:url("a;b}c")}',
    "p{--a:{b:c};top:0}ul{top:0}",
    ".a\\:b{top:0}",
    "p{top:0;;left:0;}",
    "p{}",
)


@unittest.skipUnless(tinycss2, "tinycss2 is not installed here; `make test` has it")
class TestCssParser(TransactionCase):
    """Our parser finds what a complete one does.

    Ours is used because documents wait for it after each restart: the other one takes
    three times as long for the rules alone, and would replace less than 100 lines.
    """

    # === What the other parser finds, in the words of ours === #

    def _normalize(self, text):
        """Write CSS in the other parser's way: quotes, escapes, white space."""
        nodes = tinycss2.parse_component_value_list(text, skip_comments=True)
        return re.sub(r"\s+", "", tinycss2.serialize(nodes))

    def _get_rules(self, text):
        options = {"skip_comments": True, "skip_whitespace": True}
        for node in tinycss2.parse_stylesheet(text, **options):
            if node.type == "qualified-rule":
                yield self._get_rule(node)
            elif node.type == "at-rule" and node.lower_at_keyword in NESTING:
                prelude = f"@{node.at_keyword}{tinycss2.serialize(node.prelude)}"
                inner = tinycss2.parse_rule_list(node.content, **options)
                yield (
                    self._normalize(prelude),
                    [self._get_rule(each) for each in inner if each.type[0] == "q"],
                )

    def _get_rule(self, node):
        return (
            self._normalize(tinycss2.serialize(node.prelude)),
            self._normalize(tinycss2.serialize(node.content)),
        )

    # === The same of ours === #

    def _get_our_rules(self, text):
        for prelude, body in css._blocks(css.without_comments(text)):
            if prelude.startswith(css._NESTING_AT_RULES):
                inner = css._blocks(body)
                yield self._normalize(prelude), [self._get_our_rule(*e) for e in inner]
            elif not prelude.startswith("@"):
                yield self._get_our_rule(prelude, body)

    def _get_our_rule(self, prelude, body):
        return self._normalize(prelude), self._normalize(body)

    def _get_stylesheets(self):
        for bundle in PRINT_BUNDLES:
            attachment = self.env["ir.actions.report"]._pdf_compiled(bundle)
            yield bundle, attachment.raw.decode()

    # === Tests === #

    def test_rules_of_odoos_style_sheets(self):
        for bundle, text in self._get_stylesheets():
            with self.subTest(bundle):
                rules = list(self._get_rules(text))
                self.assertGreater(len(rules), 20)
                self.assertEqual(list(self._get_our_rules(text)), rules)

    def test_rules_that_are_hard_to_tell_apart(self):
        for text in HARD_CASES:
            with self.subTest(text):
                self.assertEqual(
                    list(self._get_our_rules(text)), list(self._get_rules(text))
                )

    def test_declarations_of_odoos_style_sheets(self):
        bodies = {
            body
            for _bundle, text in self._get_stylesheets()
            for prelude, body in css._blocks(css.without_comments(text))
            if not prelude.startswith("@")
        }
        self.assertGreater(len(bodies), 500)
        differences = [
            (ours, expected)
            for body in bodies
            if (ours := list(self._get_our_declarations(body)))
            != (expected := list(self._get_declarations(body)))
        ]
        self.assertFalse(differences)

    def _get_our_declarations(self, body):
        for name, value in css.declarations(body):
            yield name, self._normalize(value)

    def _get_declarations(self, body):
        for node in tinycss2.parse_blocks_contents(body):
            if node.type == "declaration":
                important = "!important" if node.important else ""
                value = tinycss2.serialize(node.value)
                yield node.lower_name, self._normalize(value) + important

    def test_addresses_of_odoos_style_sheets(self):
        for bundle, text in self._get_stylesheets():
            with self.subTest(bundle):
                self.assertEqual(
                    list(css.urls(css.without_comments(text))),
                    list(
                        self._find_addresses(tinycss2.parse_component_value_list(text))
                    ),
                )

    def _find_addresses(self, nodes):
        for node in nodes:
            if node.type == "url":
                yield node.value
            elif node.type == "function" and node.lower_name == "url":
                yield next(each.value for each in node.arguments if each.type[0] == "s")
            else:
                inner = getattr(node, "content", getattr(node, "arguments", ()))
                yield from self._find_addresses(inner or ())
