"""Acceptances of findings that hold a mapping file, each with a reason."""
