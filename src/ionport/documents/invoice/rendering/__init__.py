"""A readable page of an invoice: what it shows (`sheet`), as HTML (`html`) and as PDF (`pdf`)."""
