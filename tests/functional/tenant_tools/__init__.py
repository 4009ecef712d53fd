"""Learning, recording and verifying a tenant of one's own."""
