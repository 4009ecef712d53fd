"""How files come in: unpacked, named, read, and made into documents."""
