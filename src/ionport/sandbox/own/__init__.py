"""A tenant's own metadata and recordings, which beat what the sandbox knows by itself."""
