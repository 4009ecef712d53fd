"""How an ERP is asked for the status of an invoice: one module for each ERP."""
