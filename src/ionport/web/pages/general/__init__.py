"""Home, manual and settings."""
