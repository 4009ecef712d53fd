"""A tenant's settings, custom scopes and addresses."""
