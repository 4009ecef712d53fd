"""Pages about the organization itself."""
