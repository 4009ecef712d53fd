"""A person's settings of the list of documents: chosen columns and saved views."""
