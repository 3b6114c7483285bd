const NO_BREAK_SPACE = "\u00a0";

function escapeRegExp(text) {
    return text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}

/**
 * Read an amount as written in a language; see `tools/amounts.py`, which reads the same
 * on the server.
 *
 * @param {String} text - What a person wrote.
 * @param {Object} format - `thousandsSeparator` and `decimalPoint` of the language, and
 *     the number of `digits` of the currency.
 * @returns {Number} - The amount in major units; not a number if it is none.
 */
export function parseAmount(text, {thousandsSeparator, decimalPoint, digits}) {
    const separator = (thousandsSeparator || "").trim();
    const [one, point] = [separator, decimalPoint].map(escapeRegExp);
    const grouped = `\\d{1,3}(?:${one}\\d{2,3})*${one}\\d{3}`;
    const found = text
        .replaceAll(/\s/g, "")
        .match(`^([+-]?(?:\\d+|${grouped}))(?:${point}(\\d*))?$`);
    if (!found || (found[2] || "").length > Number(digits)) {
        return NaN;
    }
    return Number(`${found[1].replaceAll(separator || " ", "")}.${found[2] || 0}`);
}

/**
 * Separate the thousands of a number as a language does.
 *
 * @param {String} whole - The digits before the decimal point.
 * @param {Number[]} grouping - How many digits each group has, from the right; 0 repeats
 *     the group before, -1 ends. Source: `odoo.tools.translate`, `res.lang.grouping`.
 * @param {String} separator - What stands between two groups.
 * @returns {String} - The digits in groups.
 */
function groupDigits(whole, grouping, separator) {
    const groups = [];
    let rest = whole;
    let size = 0;
    for (let index = 0; rest; index++) {
        const next = grouping[Math.min(index, grouping.length - 1)];
        if (next === -1 || (!next && !size) || (index >= grouping.length && next)) {
            break;
        }
        size = next || size;
        groups.unshift(rest.slice(-size));
        rest = rest.slice(0, -size);
    }
    return [...(rest ? [rest] : []), ...groups].join(separator);
}

/**
 * Write an amount as the server does: `odoo.tools.format_amount`.
 *
 * @param {Number} amount - The amount in major units.
 * @param {Object} format - Of the language `thousandsSeparator`, `decimalPoint` and
 *     `grouping`; of the currency the number of `digits`, the `symbol` and its
 *     `position`.
 * @returns {String} - The amount with the currency's symbol.
 */
export function formatAmount(amount, format) {
    const figure = formatFigure(amount, format).replaceAll(" ", NO_BREAK_SPACE);
    return format.position === "before"
        ? `${format.symbol}${NO_BREAK_SPACE}${figure}`
        : `${figure}${NO_BREAK_SPACE}${format.symbol}`;
}

/**
 * Write an amount without its currency.
 *
 * @param {Number} amount - The amount in major units.
 * @param {Object} format - See `formatAmount`.
 * @returns {String} - The figure.
 */
export function formatFigure(amount, format) {
    const {thousandsSeparator, decimalPoint, grouping, digits} = format;
    const [whole, fraction] = amount.toFixed(Number(digits)).split(".");
    const grouped = groupDigits(
        whole,
        JSON.parse(grouping || "[]"),
        thousandsSeparator || ""
    );
    return fraction ? `${grouped}${decimalPoint}${fraction}` : grouped;
}
