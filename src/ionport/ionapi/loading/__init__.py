"""Loads the rows of a table into M3: many at once, resumable, each refused row with its reason."""
