"""The organization's companies: who an invoice may be addressed to, and what Infor calls them."""
