"""Signing in, the own account, signing on to apps."""
