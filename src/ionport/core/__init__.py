"""What every domain uses: errors, ids, secrets, clock, sealing, hardened XML, blobs."""
