"""Document side: the vendor's mapping files: read, checked, versioned and rendered."""
