import {Domain} from "@web/core/domain";
import {DomainField, domainField} from "@web/views/fields/domain/domain_field";
import {registry} from "@web/core/registry";

/**
 * Counts and shows what the portal's rules are about, and nothing else of the model.
 */
export class PortalDomainField extends DomainField {
    getEvaluatedDomain(...args) {
        const domain = super.getEvaluatedDomain(...args);
        if (domain.isInvalid) {
            return domain;
        }
        return Domain.and([domain, [["move_type", "=", "out_invoice"]]]).toList();
    }
}

registry.category("fields").add("portal_domain", {
    ...domainField,
    component: PortalDomainField,
});
