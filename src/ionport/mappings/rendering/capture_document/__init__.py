"""The Sync.CaptureDocument: its schema, its element tree, and what fills it."""
