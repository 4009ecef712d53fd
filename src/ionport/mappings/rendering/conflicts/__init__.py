"""Conflict-resolution rules of M3 mappings in TOML, and their calculations."""
