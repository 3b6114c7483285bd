import {Component, onWillStart, useState} from "@odoo/owl";
import {Layout} from "@web/search/layout";
import {_t} from "@web/core/l10n/translation";
import {deserializeDate} from "@web/core/l10n/dates";
import {formatMonetary} from "@web/views/fields/formatters";
import {registry} from "@web/core/registry";
import {standardActionServiceProps} from "@web/webclient/actions/action_service";
import {useService} from "@web/core/utils/hooks";

const REPORT = "account.move.portal.invoice.report";
const ACTION = "account_payment_portal.account_move_portal_invoice_report_action";
const HOURS_OF_DAY = 24;

/**
 * What became of the invoices that were sent: of each month, and of all.
 */
export class PortalDashboard extends Component {
    static template = "account_payment_portal.PortalDashboard";
    static components = {Layout};
    static props = {...standardActionServiceProps};

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.display = {controlPanel: {}};
        this.state = useState({months: 12, figures: null});
        this.periods = [3, 6, 12, 24];
        this.columns = [
            {name: "sent", label: _t("Sent"), domain: []},
            {name: "viewed", label: _t("Viewed"), domain: [["viewed_count", "=", 1]]},
            {name: "paid", label: _t("Paid"), domain: [["paid_count", "=", 1]]},
            {
                name: "overdue",
                label: _t("Overdue"),
                domain: [["overdue_count", "=", 1]],
            },
        ];
        onWillStart(() => this.load());
    }

    async load() {
        this.state.figures = await this.orm.call(REPORT, "get_portal_dashboard", [
            this.state.months,
        ]);
    }

    async onChangePeriod(ev) {
        this.state.months = Number(ev.target.value);
        await this.load();
    }

    getPeriodLabel(months) {
        return _t("in the last %s months", months);
    }

    getCount(row, {name}) {
        return row[`${name}_count`] || 0;
    }

    getAmount(row, {name}) {
        return formatMonetary(row[`amount_${name}`] || 0, {
            currencyId: this.state.figures.currency_id,
        });
    }

    getShare(row, column) {
        const sent = row.sent_count || 0;
        return sent ? Math.round((100 * this.getCount(row, column)) / sent) : 0;
    }

    /**
     * A duration as people say it.
     *
     * @param {Number|Boolean} hours - Null for none.
     * @returns {String}
     */
    getDuration(hours) {
        if (hours === null || hours === undefined || hours === false) {
            return "–";
        }
        if (hours < 1) {
            return _t("%s min", Math.round(hours * 60));
        }
        if (hours < 2 * HOURS_OF_DAY) {
            return _t("%s h", Math.round(hours));
        }
        return _t("%s days", Math.round(hours / HOURS_OF_DAY));
    }

    getMonth(row) {
        return deserializeDate(row.month).toFormat("LLLL yyyy");
    }

    async open(column, row = null) {
        const {since} = this.state.figures;
        const period = row
            ? [
                  ["sent_on", ">=", row.month],
                  ["sent_on", "<", row.until],
              ]
            : [["sent_on", ">=", since]];
        const action = await this.action.loadAction(ACTION);
        await this.action.doAction({
            ...action,
            domain: [...period, ...column.domain],
            views: [
                [false, "list"],
                [false, "pivot"],
            ],
            context: {},
        });
    }
}

registry.category("actions").add("account_payment_portal.dashboard", PortalDashboard);
