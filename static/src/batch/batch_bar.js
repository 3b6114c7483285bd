import {Component} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";

/** How far a sending has got: a bar, and the same in words. */
export class BatchBar extends Component {
    static template = "account_payment_portal.BatchBar";
    static props = {progress: Object};

    share(count) {
        const {total} = this.props.progress;
        return total ? Math.round((100 * count) / total) : 0;
    }

    get percentSent() {
        return this.share(this.props.progress.sent);
    }

    get percentFailed() {
        return this.share(this.props.progress.failed);
    }

    get percent() {
        return this.percentSent + this.percentFailed;
    }

    get words() {
        const {progress} = this.props;
        const words = [
            _t("%s sent", progress.sent),
            _t("%s waiting", progress.waiting),
        ];
        if (progress.failed) {
            words.push(_t("%s failed", progress.failed));
        }
        if (progress.state === "paused") {
            words.push(_t("paused"));
        } else if (progress.seconds_left) {
            words.push(
                progress.seconds_left < 90
                    ? _t("about %s seconds left", progress.seconds_left)
                    : _t(
                          "about %s minutes left",
                          Math.round(progress.seconds_left / 60)
                      )
            );
        }
        return words.join(" · ");
    }
}
