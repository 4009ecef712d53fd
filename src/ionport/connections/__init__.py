"""Document side: uploaded `.ionapi` files, sealed and write-only, and the proof that they work."""
