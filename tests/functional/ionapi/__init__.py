"""The client library and its commands against a sandbox."""
