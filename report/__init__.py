from . import portal_evidence_report
from . import account_statement_report
