"""Tools that use both the client library and the sandbox's coverage table."""
