"""Findings of rules about a document, and people's decisions."""
