import {describe, expect, test} from "@odoo/hoot";
import {AMOUNT_CASES} from "../amount_cases";
import {parseAmount} from "@account_payment_portal/payment/amount";

describe.current.tags("headless");

for (const [thousandsSeparator, decimalPoint, text, amount] of AMOUNT_CASES) {
    test(`"${text}" with "${thousandsSeparator}" and "${decimalPoint}"`, () => {
        const read = parseAmount(text, {thousandsSeparator, decimalPoint, digits: "2"});
        expect(read).toBe(amount === null ? NaN : amount);
    });
}

test("an amount has no more digits than its currency", () => {
    const yen = {thousandsSeparator: ",", decimalPoint: ".", digits: "0"};
    expect(parseAmount("1,500", yen)).toBe(1500);
    expect(parseAmount("1500.5", yen)).toBe(NaN);
    const dinar = {thousandsSeparator: ",", decimalPoint: ".", digits: "3"};
    expect(parseAmount("1.505", dinar)).toBe(1.505);
    expect(parseAmount("1.5055", dinar)).toBe(NaN);
});
