"""The list of documents as a file: made at once, or in the background when it is long."""
