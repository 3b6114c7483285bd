/**
 * Lists of email addresses as text, the way the server reads them.
 *
 * The grammar is that of `tools/email_addresses.py`, which explains it; one table of
 * cases is read by both (`tests/send/test_email_addresses.py`).
 */

const INVISIBLE = new RegExp(
    "[\\x00-\\x08\\x0e-\\x1f\\x7f-\\x84\\x86-\\x9f\\u00ad\\u061c\\u180e" +
        "\\u200b-\\u200f\\u202a-\\u202e\\u2060-\\u206f\\ufeff\\ufff9-\\ufffb" +
        "\\u{e0000}-\\u{e007f}]",
    "gu"
);
const LINE_BREAKS = /\r\n|[\r\v\f\u0085\u2028\u2029]/g;
const SPACES = /[\u0020\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]+/g;
const TOKEN = new RegExp(
    [
        String.raw`(?<quoted>(?<![^\s,;>])"(?:\\.|[^"\\])*"(?=[\s,;<[]|$))`,
        String.raw`(?<address><[^<>]*@[^<>]*>|\[mailto:[^[\]]*\])`,
        String.raw`(?<hard>[;；؛\n\t])`,
        String.raw`(?<soft>[,，،])`,
        ".",
    ].join("|"),
    "gisu"
);
const BRACKETED = /^(.*?)(?:<([^<>]*)>|\[(mailto:[^[\]]*)\])$/is;
const COMMENTED = /^(\S+@\S+) ?\(([^()]*)\)$/;
const QUOTED = /^"(?:\\.|[^"\\])*"$/s;
const ATOM = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+";
const LETTER = "[A-Za-z0-9\\u00a1-\\u1fff\\u2c00-\\uffef\\u{10000}-\\u{10ffff}]";
const LABEL = `${LETTER}(?:(?:${LETTER}|-)*${LETTER})?`;
const ADDRESS = new RegExp(`^${ATOM}(?:\\.${ATOM})*@${LABEL}(?:\\.${LABEL})+$`, "u");
const MAX_LENGTH = 254;
const MARKS = ['""', "''", "“”", "‘’", "„“", "‚‘", "«»"];

/**
 * @typedef {Object} Entry
 * @property {string} text what was typed, as it stands
 * @property {string} name the name; empty if there is none
 * @property {string} email the address; empty if there is none that can be read
 * @property {boolean} isValid whether there is
 */

/**
 * Take a typed list of addresses apart into its entries.
 *
 * @param {string} text entries such as `Doe, Ann <ann@x.example>; bob@x.example`
 * @returns {Entry[]}
 */
export function parseList(text) {
    return cut(clean(text || "")).flatMap(read);
}

/**
 * @param {Entry[]} entries as `parseList` returns them
 * @returns {string} the entries as one text that reads as these, each address once
 */
export function formatList(entries) {
    const texts = new Map();
    for (const entry of entries) {
        const key = entry.isValid ? entry.email.toLowerCase() : entry.text;
        if (!texts.has(key)) {
            texts.set(key, format(entry));
        }
    }
    return [...texts.values()].join(", ");
}

/**
 * @param {Entry} entry
 * @returns {string} the entry, its name in quotes: nothing before it can be part of it
 */
function format({text, name, email, isValid}) {
    if (!isValid) {
        return text;
    }
    return name ? `"${name.replace(/[\\"]/g, "\\$&")}" <${email}>` : email;
}

// --- The grammar --- //

/** One kind of space and of line break, and nothing invisible. */
function clean(text) {
    return text
        .replace(INVISIBLE, "")
        .replace(LINE_BREAKS, "\n")
        .replace(SPACES, " ")
        .replace(/\n[ \t]*</g, " <");
}

/** The pieces that hold an entry each. */
function cut(text) {
    const pieces = [];
    let waiting = [];
    let current = "";

    const end = () => {
        const piece = current.trim();
        current = "";
        return piece;
    };
    const take = (piece) => {
        pieces.push(...waiting, ...(piece ? [piece] : []));
        waiting = [];
    };
    for (const {0: token, groups} of text.matchAll(TOKEN)) {
        if (groups.soft) {
            const piece = end();
            if (piece && !piece.includes("@")) {
                waiting.push(piece); // Perhaps a surname.
            } else {
                take(piece);
            }
        } else if (groups.hard) {
            take(end());
        } else if (groups.address) {
            current += token;
            let piece = end();
            if (waiting.length && !/^["<[]/.test(piece)) {
                piece = [...waiting, piece].join(", ");
                waiting = [];
            }
            take(piece);
        } else {
            current += token;
        }
    }
    take(end());
    return pieces;
}

/** The entries of a piece: one, or several addresses that spaces part. */
function read(piece) {
    const bracketed = piece.match(BRACKETED);
    const commented = piece.match(COMMENTED);
    let found = [];
    if (bracketed) {
        found = [[bracketed[1], bracketed[2] || bracketed[3] || ""]];
    } else if (commented) {
        found = [[commented[2], commented[1]]];
    } else {
        found = piece
            .split(/\s+/)
            .filter((part) => !["/", "|", "&"].includes(part))
            .map((part) => ["", part]);
    }
    const entries = found.map(([typedName, address]) => {
        const email = readAddress(address);
        const typed = readName(typedName);
        const name = typed.toLowerCase() === email.toLowerCase() ? "" : typed;
        return {text: found.length > 1 ? email : piece, name, email, isValid: true};
    });
    if (entries.every(({email}) => email)) {
        return entries;
    }
    return [{text: piece, name: "", email: "", isValid: false}];
}

/** The address in a text, or an empty string. */
function readAddress(text) {
    let address = stripMarks(text.trim());
    if (address.startsWith("<") && address.endsWith(">")) {
        address = address.slice(1, -1).trim();
    }
    if (address.toLowerCase().startsWith("mailto:")) {
        address = address.slice("mailto:".length).split("?")[0];
    }
    address = address.replace(/\.+$/, "");
    return address.length <= MAX_LENGTH && ADDRESS.test(address) ? address : "";
}

/** The name in a text, without the quotes around it. */
function readName(text) {
    let name = text.trim();
    if (QUOTED.test(name)) {
        name = name.slice(1, -1).replace(/\\(.)/gs, "$1");
    }
    return stripMarks(name.trim());
}

/** A text without the marks around all of it. */
function stripMarks(text) {
    const inner = text.slice(1, -1);
    const isMarked = MARKS.some(
        ([opening, closing]) =>
            text.length > 2 &&
            text[0] === opening &&
            text.at(-1) === closing &&
            !inner.includes(opening) &&
            !inner.includes(closing)
    );
    return isMarked ? inner.trim() : text;
}
