"""API keys: the credentials of programs that use the JSON API of the document side."""
