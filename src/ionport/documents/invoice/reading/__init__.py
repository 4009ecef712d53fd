"""Reads an e-invoice's XML into its tree of business terms, within limits."""
