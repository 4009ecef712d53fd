"""Infor Document Management: items with attributes and files (facts/infor-targets.md §1)."""
