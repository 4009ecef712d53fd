"""What an administrator sets for a document type: its fields, effects of findings, approvals."""
