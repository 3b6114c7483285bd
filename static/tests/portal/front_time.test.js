import {FRONT_SECONDS, FrontTime} from "@account_payment_portal/portal/front_time";
import {describe, expect, test} from "@odoo/hoot";

describe.current.tags("headless");

function makeFrontTime() {
    const clock = {ms: 1000000};
    return [new FrontTime(() => clock.ms), clock];
}

test("time counts while the page is in front", () => {
    const [front, clock] = makeFrontTime();
    front.follow(true);
    clock.ms += 4000;
    expect(front.total).toBe(4000);
    front.follow(false);
    clock.ms += 60000;
    expect(front.total).toBe(4000);
    front.follow(true);
    clock.ms += 1000;
    expect(front.total).toBe(5000);
});

test("a page that was opened behind another has not been in front", () => {
    const [front, clock] = makeFrontTime();
    front.follow(false);
    clock.ms += 60000;
    expect(front.total).toBe(0);
    expect(front.untilReport).toBe(null);
});

test("it is told twice that the page is in front", () => {
    const [front, clock] = makeFrontTime();
    front.follow(true);
    clock.ms += 2000;
    front.follow(true);
    clock.ms += 2000;
    expect(front.total).toBe(4000);
});

test("reports are due after so many seconds in front, and then no more", () => {
    const [front, clock] = makeFrontTime();
    front.follow(true);
    for (const seconds of FRONT_SECONDS) {
        expect(front.untilReport).toBe(seconds * 1000 - front.total);
        clock.ms += front.untilReport;
        expect(front.total).toBe(seconds * 1000);
    }
    expect(front.untilReport).toBe(null);
});

test("time behind another page does not bring a report nearer", () => {
    const [front, clock] = makeFrontTime();
    front.follow(true);
    clock.ms += 10000;
    front.follow(false);
    clock.ms += 3600000;
    expect(front.untilReport).toBe(null);
    front.follow(true);
    expect(front.untilReport).toBe(FRONT_SECONDS[0] * 1000 - 10000);
});
