"""Text of mapping files: reading without loss, and the grammar of each kind."""
