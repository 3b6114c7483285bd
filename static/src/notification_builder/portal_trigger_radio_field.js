import {RadioField, radioField} from "@web/views/fields/radio/radio_field";
import {registry} from "@web/core/registry";

const PORTAL_TRIGGERS = ["on_portal_viewed", "on_portal_payment_received"];

/**
 * The triggers that the Notification Builder is about, and no others.
 */
export class PortalTriggerRadioField extends RadioField {
    get items() {
        return super.items.filter(([trigger]) => PORTAL_TRIGGERS.includes(trigger));
    }
}

registry.category("fields").add("portal_trigger_radio", {
    ...radioField,
    component: PortalTriggerRadioField,
});
