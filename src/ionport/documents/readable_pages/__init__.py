"""The readable pages of stored documents: typeset once, stored, shown and sent."""
