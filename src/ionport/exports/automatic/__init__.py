"""Exports that nobody asks for one by one: the document type says so."""
