"""The settings of a document type: its fields, effects of findings, approvals."""
