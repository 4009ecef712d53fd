"""Documents and their export."""
