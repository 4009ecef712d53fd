"""How a person gets into an account: one-time links, open sessions, what an administrator ends."""
