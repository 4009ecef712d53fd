"""Pages about connections beside their own: their files."""
