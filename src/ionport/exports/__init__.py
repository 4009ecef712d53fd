"""Document side: export configurations and deliveries, and the ledger of what was sent."""
