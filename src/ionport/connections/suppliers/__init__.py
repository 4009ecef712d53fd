"""Suppliers of the ERP behind a connection: read from M3 or LN, and stored as master data."""
