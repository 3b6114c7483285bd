import {Component} from "@odoo/owl";
import {registry} from "@web/core/registry";
import {useService} from "@web/core/utils/hooks";
import {standardFieldProps} from "@web/views/fields/standard_field_props";

/** Why some invoices are not sent, with how many, and the way to them. */
export class PortalLeftOutField extends Component {
    static template = "account_payment_portal.LeftOut";
    static props = standardFieldProps;

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
    }

    get reasons() {
        return this.props.record.data[this.props.name] || [];
    }

    async show(reason) {
        const {record} = this.props;
        if (await record.save()) {
            this.action.doAction(
                await this.orm.call(record.resModel, "action_show", [
                    [record.resId],
                    reason,
                ])
            );
        }
    }
}

registry.category("fields").add("portal_left_out", {
    component: PortalLeftOutField,
    supportedTypes: ["json"],
});
