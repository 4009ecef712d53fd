"""Calls to target endpoints: addresses, sign-in data, and the HTTP client."""
