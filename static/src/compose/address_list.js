/** Lists of e-mail addresses as text, the way the server reads them. */

// One entry: up to a comma, semicolon or line break that no quotes or brackets enclose.
const ENTRY = /(?:"(?:\\.|[^"\\])*"|<[^>]*>|[^,;\n])+/g;
const NAMED = /^\s*(?:"((?:\\.|[^"\\])*)"|([^"<]*?))\s*<([^<>]*)>\s*$/;
const ADDRESS = /^[^@\s"<>]+@[^@\s]+\.[^@\s.]+$/;

/**
 * @param {string} entry text such as `Ann <ann@example.com>`
 * @returns {{text: string, name: string, email: string, isValid: boolean}}
 */
export function parseEntry(entry) {
    const named = entry.match(NAMED);
    const email = (named ? named[3] : entry).trim();
    const name = named ? (named[1] || named[2] || "").replace(/\\(.)/g, "$1") : "";
    return {text: entry.trim(), name, email, isValid: ADDRESS.test(email)};
}

/**
 * @param {string} text entries, separated by commas, semicolons or line breaks
 * @returns {Object[]} the entries, without empty ones
 */
export function parseList(text) {
    return ((text || "").match(ENTRY) || [])
        .map(parseEntry)
        .filter((entry) => entry.text);
}

/**
 * @param {Object[]} entries as `parseList` returns them
 * @returns {string} the entries as one text, each address once
 */
export function formatList(entries) {
    const seen = new Set();
    return entries
        .filter((entry) => {
            const key = entry.email.toLowerCase();
            const isNew = !seen.has(key);
            seen.add(key);
            return isNew;
        })
        .map((entry) => entry.text)
        .join(", ");
}
