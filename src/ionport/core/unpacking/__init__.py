"""Files inside files: archives, and what is attached to a PDF, within limits."""
