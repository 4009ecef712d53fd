"""The e-invoice as a tree of business terms: table, reader, and what is made from the tree."""
