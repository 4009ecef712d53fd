"""How foreign answers are read: their XML, and what they say about a failure."""
