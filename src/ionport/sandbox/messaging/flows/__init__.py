"""Document flows of ION: which message goes where, and the runner that sends it."""
