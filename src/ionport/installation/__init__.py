"""A whole installation: moved to another database, backed up, restored.

Whatever the database, the rows are copied by `rows`, and a backup holds them as a SQLite file.
"""
