"""Users as members of a tenant: who an administrator lists, adds and removes."""
