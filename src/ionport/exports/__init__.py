"""Document side: export configurations and deliveries; the ledger that decides what was sent."""
