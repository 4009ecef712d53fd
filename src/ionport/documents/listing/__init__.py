"""The list of documents: its pages, its counts and its search."""
