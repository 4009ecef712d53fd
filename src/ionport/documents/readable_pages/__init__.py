"""The readable pages of stored documents: set once, kept, shown and sent."""
