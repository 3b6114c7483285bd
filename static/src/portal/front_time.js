// After so many seconds in front the page reports, without a touch or a key.
export const FRONT_SECONDS = [30, 60];

/** How long a page has been in front of someone. */
export class FrontTime {
    /**
     * @param {Function} now - The current time, in milliseconds.
     */
    constructor(now = Date.now) {
        this.now = now;
        this.earlier = 0; // Milliseconds before the current time in front.
        this.since = null; // When that began; nothing while the page is behind.
    }

    /** All time in front, in milliseconds. */
    get total() {
        return this.earlier + (this.since === null ? 0 : this.now() - this.since);
    }

    /**
     * Note where the page is now.
     *
     * @param {Boolean} isInFront - Whether someone can see it.
     */
    follow(isInFront) {
        this.earlier = this.total;
        this.since = isInFront ? this.now() : null;
    }

    /** Milliseconds until the page has been in front long enough; nothing if never. */
    get untilReport() {
        const {total} = this;
        const next = FRONT_SECONDS.find((seconds) => seconds * 1000 > total);
        return next && this.since !== null ? next * 1000 - total : null;
    }
}
