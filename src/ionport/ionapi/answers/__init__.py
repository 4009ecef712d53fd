"""Reads foreign answers: their XML, and their error bodies."""
