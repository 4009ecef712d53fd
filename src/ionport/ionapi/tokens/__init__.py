"""Tokens: requesting, storing and renewing them, and adding them to calls."""
