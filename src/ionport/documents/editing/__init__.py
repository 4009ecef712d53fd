"""Who edits a document at the moment."""
