"""Versions of mapping files: how they differ, and how an edit keeps what it does not change."""
