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

/** How far the sending of the form has got, as it goes on. */
export class PortalBatchProgress extends Component {
    static template = "account_payment_portal.BatchProgress";
    static components = {BatchBar};
    static props = standardWidgetProps;

    setup() {
        this.orm = useService("orm");
        this.bus = useService("bus_service");
        this.state = useState({progress: null});
        this.onProgress = (progress) => {
            const {resId} = this.props.record;
            if (progress.id !== resId) {
                return;
            }
            const isOver = progress.state !== this.state.progress?.state;
            this.state.progress = progress;
            if (isOver) {
                this.props.record.load();
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
