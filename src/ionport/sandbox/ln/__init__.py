"""LN: business data entities behind c4ws (docs/reference/ln.md#soap)."""
