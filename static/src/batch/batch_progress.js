import {
    Component,
    onWillStart,
    onWillUnmount,
    onWillUpdateProps,
    useState,
} from "@odoo/owl";
import {registry} from "@web/core/registry";
import {useService} from "@web/core/utils/hooks";
import {standardWidgetProps} from "@web/views/widgets/standard_widget_props";
import {BatchBar} from "./batch_bar";

/** Milliseconds between two looks at the form's numbers and emails. */
const RELOAD_INTERVAL = 5000;

/** How far the sending of the form has got, as it goes on. */
export class PortalBatchProgress extends Component {
    static template = "account_payment_portal.BatchProgress";
    static components = {BatchBar};
    static props = standardWidgetProps;

    setup() {
        this.orm = useService("orm");
        this.bus = useService("bus_service");
        this.state = useState({progress: null});
        this.loadedAt = Date.now();
        this.onProgress = (progress) => {
            const {record} = this.props;
            if (progress.id !== record.resId) {
                return;
            }
            const isOver = progress.state !== this.state.progress?.state;
            const isTime = Date.now() - this.loadedAt >= RELOAD_INTERVAL;
            this.state.progress = progress;
            if (isOver || (isTime && !record.dirty)) {
                this.loadedAt = Date.now();
                record.load();
            }
        };
        this.bus.subscribe("account_payment_portal.batch", this.onProgress);
        onWillStart(() => this.refresh(this.props.record.resId));
        onWillUpdateProps(({record}) => this.refresh(record.resId));
        onWillUnmount(() =>
            this.bus.unsubscribe("account_payment_portal.batch", this.onProgress)
        );
    }

    async refresh(resId) {
        const [progress] = await this.orm.call(
            "account.move.portal.batch",
            "get_progress",
            [[resId]]
        );
        this.state.progress = progress;
    }
}

registry.category("view_widgets").add("portal_batch_progress", {
    component: PortalBatchProgress,
});
