import {escapeRegExp} from "@web/core/utils/strings";

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
