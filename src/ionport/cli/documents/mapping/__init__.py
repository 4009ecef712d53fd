"""`ionport mapping …`: mapping files."""
