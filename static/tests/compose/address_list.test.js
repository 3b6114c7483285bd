import {describe, expect, test} from "@odoo/hoot";
import {formatList, parseList} from "@account_payment_portal/compose/address_list";

describe.current.tags("headless");

const emails = (text) => parseList(text).map((entry) => entry.email);

test("an address, with a name and without", () => {
    const [bare] = parseList(" ann@x.example ");
    expect(bare.email).toBe("ann@x.example");
    expect(bare.name).toBe("");
    expect(bare.isValid).toBe(true);
    const [named] = parseList("Ann <ann@x.example>");
    expect([named.name, named.email]).toEqual(["Ann", "ann@x.example"]);
    const [quoted] = parseList(String.raw`"Smith \"A\", Ann" <ann@x.example>`);
    expect([quoted.name, quoted.email]).toEqual(['Smith "A", Ann', "ann@x.example"]);
});

test("commas, semicolons and line breaks part a list, but not within quotes", () => {
    expect(emails("a@x.example, b@x.example;c@x.example\nd@x.example,,")).toEqual([
        "a@x.example",
        "b@x.example",
        "c@x.example",
        "d@x.example",
    ]);
    expect(emails('"Doe, Jane" <a@x.example>; B <b@x.example>')).toEqual([
        "a@x.example",
        "b@x.example",
    ]);
    expect(emails("")).toEqual([]);
});

test("what is no address is kept, and said to be none", () => {
    for (const text of ["nobody", "a@b", "a b@x.example", "@x.example", "a@"]) {
        const [entry] = parseList(text);
        expect(entry.text).toBe(text);
        expect(entry.isValid).toBe(false, {message: text});
    }
});

test("each address stands once in the text of a list", () => {
    const entries = parseList("Ann <a@x.example>, A@X.EXAMPLE, b@x.example");
    expect(formatList(entries)).toBe('"Ann" <a@x.example>, b@x.example');
});
