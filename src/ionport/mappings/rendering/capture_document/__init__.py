"""The Sync.CaptureDocument: its schema, its element tree, and the sources of its values."""
