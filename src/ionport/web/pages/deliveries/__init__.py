"""Deliveries: the ledger, one delivery with its attempts, the Export Error queue, dry runs."""
