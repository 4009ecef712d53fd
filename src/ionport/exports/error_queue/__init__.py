"""Failed deliveries by their cause: what to do, and retrying all of one cause."""
