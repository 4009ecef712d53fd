"""Shares of SMB servers."""
