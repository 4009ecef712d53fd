"""Retention: the content of documents that are done long enough is removed; evidence stays."""
