"""Authorized apps: their values, secrets, key pairs, scopes and credential files."""
