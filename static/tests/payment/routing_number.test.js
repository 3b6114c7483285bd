import {describe, expect, test} from "@odoo/hoot";
import {isRoutingNumber} from "@account_payment_portal/payment/echeck";

describe.current.tags("headless");

test("a routing number has nine digits, the last of which checks the others", () => {
    // Stripe's for tests, and two Federal Reserve Banks'.
    for (const number of ["110000000", "011000015", "021001208"]) {
        expect(isRoutingNumber(number)).toBe(true, {message: number});
    }
});

test("what is none", () => {
    for (const number of [
        "",
        "000000000",
        "110000001",
        "11000000",
        "1100000000",
        "11000000x",
        " 110000000",
        "١١٠٠٠٠٠٠٠",
    ]) {
        expect(isRoutingNumber(number)).toBe(false, {message: number});
    }
});

test("two digits in each other's place are found", () => {
    expect(isRoutingNumber("021000021")).toBe(true);
    expect(isRoutingNumber("201000021")).toBe(false);
});
