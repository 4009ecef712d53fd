"""The organization's companies: the buyers of invoices, with their numbers in Infor."""
