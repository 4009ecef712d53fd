"""What a document becomes by a mapping file: items, BODs, M3 calls, LN requests."""
