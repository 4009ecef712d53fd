"""The page of one document and what it is made of."""
