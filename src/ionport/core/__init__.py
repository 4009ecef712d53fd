"""What every room stands on: errors, ids, secrets, clock, sealing, hardened XML, blobs."""
