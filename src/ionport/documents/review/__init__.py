"""What rules noticed about a document (findings), and what people made of it (decisions)."""
