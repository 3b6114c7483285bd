import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {TRIGGER_FILTERS} from "@base_automation/utils";
import {
    TriggerSelectionField,
    triggerSelectionField,
} from "@base_automation/base_automation_trigger_selection_field";
import {SelectionField} from "@web/views/fields/selection/selection_field";
import {useRecordObserver} from "@web/model/relational_model/utils";
import {useService} from "@web/core/utils/hooks";
import {useState} from "@odoo/owl";

const GROUPS = [
    [_t("Invoice Portal"), ["on_portal_viewed", "on_portal_payment_received"]],
    [
        _t("Values Updated"),
        [
            "on_stage_set",
            "on_user_set",
            "on_tag_set",
            "on_state_set",
            "on_priority_set",
            "on_archive",
            "on_unarchive",
        ],
    ],
    [_t("Email Events"), ["on_message_sent", "on_message_received"]],
    [_t("Timing Conditions"), ["on_time", "on_time_created", "on_time_updated"]],
    [_t("Custom"), ["on_create", "on_create_or_write", "on_unlink", "on_change"]],
    [_t("External"), ["on_webhook"]],
];
const PORTAL_TRIGGERS = GROUPS[0][1];
const MAIL_TRIGGERS = GROUPS[2][1];

/**
 * Core's field knows core's triggers only: it fails as soon as there is another one.
 */
export class PortalTriggerSelectionField extends TriggerSelectionField {
    setup() {
        // Not core's own setup, which is what fails.
        SelectionField.prototype.setup.call(this);
        this.state = useState({groups: []});
        const orm = useService("orm");
        let modelId = null;
        let modelFields = [];
        useRecordObserver(async ({data, fields}) => {
            if (modelId !== data.model_id?.id) {
                modelId = data.model_id?.id;
                modelFields = await orm.searchRead(
                    "ir.model.fields",
                    [["model_id", "=", modelId]],
                    ["name", "ttype", "relation"]
                );
            }
            const options = fields[this.props.name].selection.filter(([trigger]) =>
                this.isOffered(trigger, data, modelFields)
            );
            this.state.groups = this.group(options, data[this.props.name]);
        });
    }

    get groups() {
        return this.state.groups;
    }

    isOffered(trigger, data, modelFields) {
        if (PORTAL_TRIGGERS.includes(trigger)) {
            return data.model_name === "account.move";
        }
        if (MAIL_TRIGGERS.includes(trigger) && !data.model_is_mail_thread) {
            return false;
        }
        const isUsable = TRIGGER_FILTERS[trigger];
        return !isUsable || modelFields.some(isUsable);
    }

    group(options, current) {
        const known = GROUPS.flatMap(([, triggers]) => triggers);
        // What is not in a group is core's deprecated one: kept where it is in use.
        const rest = options.filter(
            ([trigger]) => !known.includes(trigger) && trigger === current
        );
        const groups = GROUPS.map(([label, triggers]) => [
            label,
            triggers.flatMap((trigger) =>
                options.filter(([value]) => value === trigger)
            ),
        ]);
        return [...groups, [_t("Deprecated (do not use)"), rest]]
            .filter(([, choices]) => choices.length)
            .map(([label, choices]) => ({
                label,
                choices: choices.map(([value, text]) => ({value, label: text})),
            }));
    }
}

registry.category("fields").add(
    "base_automation_trigger_selection",
    {
        ...triggerSelectionField,
        component: PortalTriggerSelectionField,
        fieldDependencies: [
            {name: "model_is_mail_thread", type: "boolean"},
            {name: "model_name", type: "char"},
        ],
    },
    {force: true}
);
