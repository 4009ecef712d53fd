"""The state of a tenant's sandbox: counted, emptied, seeded, kept in snapshots."""
