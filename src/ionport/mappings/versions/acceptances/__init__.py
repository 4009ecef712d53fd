"""Accepting what holds a mapping file, once and with a reason."""
