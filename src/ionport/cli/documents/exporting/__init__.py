"""Commands of exports beside `cli/documents/exports.py`."""
