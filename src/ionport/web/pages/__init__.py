"""One module for each domain, thin over its services."""
