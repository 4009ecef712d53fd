"""Searches in IDM: the query language, as XQuery text or as JSON, and its SQL."""
