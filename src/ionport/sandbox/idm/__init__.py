"""Infor Document Management: items with attributes and files.

Source: docs/reference/idm.md#addresses-and-formats.
"""
