"""The list of documents, actions on many of them, and the list as a file."""
