"""Policies of an API: what they are, who may change them, and their limits."""
