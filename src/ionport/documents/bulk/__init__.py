"""Actions on many documents at once: their selection, progress, and the documents left out."""
