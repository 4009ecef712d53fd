"""Calls to target endpoints: addresses, sign-in data, and who carries a request there."""
