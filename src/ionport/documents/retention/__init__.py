"""Retention: removes the content of documents completed long ago, and keeps the evidence."""
