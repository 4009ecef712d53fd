"""Keeps what files tell of a tenant in the data folder, for the sandbox that starts there."""
