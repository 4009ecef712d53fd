"""Commands of the document side."""
