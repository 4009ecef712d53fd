"""The readable pages of stored documents."""
