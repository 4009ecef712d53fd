"""What uses both the client library and the sandbox's own list of what it imitates."""
