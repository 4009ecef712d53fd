"""Connection points of ION."""
