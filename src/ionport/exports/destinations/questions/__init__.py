"""How an ERP is asked what became of an invoice: one module for each ERP."""
