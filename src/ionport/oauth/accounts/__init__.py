"""Service accounts: the keys that an app logs in with for a user or a machine."""
