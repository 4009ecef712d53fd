"""Pages of invoices, made before a delivery asks for them."""
