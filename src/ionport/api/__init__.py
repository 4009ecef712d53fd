"""The JSON API of the document side, at `/api/v1`: the pages' use cases for programs."""
