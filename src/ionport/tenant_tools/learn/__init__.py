"""Keeps files with a tenant's metadata in the data folder, for the sandbox that starts there."""
