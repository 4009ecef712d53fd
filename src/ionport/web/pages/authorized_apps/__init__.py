"""Authorized apps: list, forms, credential files, secrets and keys, token tools."""
