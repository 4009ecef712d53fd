"""Actions on many documents at once: what was selected, how far it is, what was left out."""
