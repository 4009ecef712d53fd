"""Identifiers of buyers and payment accounts of documents that no field holds."""
