"""Commands that serve, and the server that they run."""
