"""The JSON API of the document side, at `/api/v1`: what programs do that people do on pages."""
