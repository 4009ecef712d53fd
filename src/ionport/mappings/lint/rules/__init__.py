"""The rules of the linter as a table, and their words."""
