"""Archives invoices of a CSV list in Infor IDM and tells ION about them."""
