"""The gateway before targets of one's own."""
