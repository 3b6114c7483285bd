import {Component, onWillStart, onWillUnmount, useState} from "@odoo/owl";
import {Dropdown} from "@web/core/dropdown/dropdown";
import {DropdownItem} from "@web/core/dropdown/dropdown_item";
import {registry} from "@web/core/registry";
import {user} from "@web/core/user";
import {useService} from "@web/core/utils/hooks";
import {BatchBar} from "./batch_bar";

/** The user's own sendings that are not done, wherever they are in Odoo. */
export class PortalBatchSystray extends Component {
    static template = "account_payment_portal.BatchSystray";
    static components = {BatchBar, Dropdown, DropdownItem};
    static props = {};

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.bus = useService("bus_service");
        this.batches = useState({});
        this.onProgress = (progress) => {
            if (progress.state === "done") {
                delete this.batches[progress.id];
            } else {
                this.batches[progress.id] = progress;
            }
        };
        this.bus.subscribe("account_payment_portal.batch", this.onProgress);
        onWillStart(async () => {
            if (await user.hasGroup("account.group_account_invoice")) {
                const running = await this.orm.silent.call(
                    "account.move.portal.batch",
                    "get_running",
                    []
                );
                running.forEach(this.onProgress);
            }
        });
        onWillUnmount(() =>
            this.bus.unsubscribe("account_payment_portal.batch", this.onProgress)
        );
    }

    get running() {
        return Object.values(this.batches);
    }

    /** How many emails wait, in all of them. */
    get left() {
        return this.running.reduce((sum, {waiting}) => sum + waiting, 0);
    }

    open(resId) {
        this.action.doAction({
            type: "ir.actions.act_window",
            res_model: "account.move.portal.batch",
            res_id: resId,
            views: [[false, "form"]],
        });
    }
}

registry
    .category("systray")
    .add(
        "account_payment_portal.batches",
        {Component: PortalBatchSystray},
        {sequence: 60}
    );
