"""Server-rendered pages of both sides. Pages call services, never repositories."""
