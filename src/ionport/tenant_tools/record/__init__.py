"""Records the answers of a real tenant, without secrets and personal data."""
