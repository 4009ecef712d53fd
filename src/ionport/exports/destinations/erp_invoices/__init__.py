"""How an invoice is entered in an ERP and looked up there: one module for each ERP."""
