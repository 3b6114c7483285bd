from . import portal_evidence_report
