"""Document side: documents come in, are read, checked and kept with their life cycle."""
