"""Automatic exports, where the settings of the document type ask for them."""
