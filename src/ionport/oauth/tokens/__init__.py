"""Issues, reads, explains and revokes tokens."""
