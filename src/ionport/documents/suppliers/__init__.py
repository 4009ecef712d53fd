"""Suppliers as master data, and the accounts that are known of them."""
