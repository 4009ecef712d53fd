"""The second factor of signing in: one-time codes of an app, and recovery codes."""
