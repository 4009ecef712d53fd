"""Settings of the document side: companies, document types, suppliers, intake sources."""
