"""A tenant's own metadata and recordings, which take precedence over the sandbox's own."""
