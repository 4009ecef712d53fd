"""Document types of IDM: attributes, rights, and who may change them."""
