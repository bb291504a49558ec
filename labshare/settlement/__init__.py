"""Reports, invoices, payments, the revenue ledger, closed months."""
