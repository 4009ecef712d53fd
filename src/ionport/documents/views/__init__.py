"""How a person looks at the list of documents: chosen columns and saved views."""
