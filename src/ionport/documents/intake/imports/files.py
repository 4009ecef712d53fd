"""Files with documents as fields: their type, their split, and the reading of one document."""

from __future__ import annotations

from ionport.documents.intake.imports.csv_file import CSV_TYPE, is_csv, read_csv, split_csv
from ionport.documents.intake.imports.json_file import JSON_TYPE, is_json, read_json, split_json
from ionport.documents.intake.imports.model import Imported, made_of
from ionport.documents.intake.imports.ubl_orders import XML_TYPE, is_ubl_order, read_ubl_order
from ionport.documents.invoice.rendering.pdf import XML_NAME


def import_type(content: bytes) -> str:
    """Return the media type of JSON, of a table, or of an order in UBL; of others ``""``."""
    if is_json(content):
        return JSON_TYPE
    if is_csv(content):
        return CSV_TYPE
    return XML_TYPE if is_ubl_order(content) else ""


def original_name(content: bytes) -> str:
    """Return what the received file is called where it is attached to its page as PDF."""
    return {JSON_TYPE: "invoice.json", CSV_TYPE: "invoice.csv"}.get(import_type(content), XML_NAME)


def split_import(content: bytes) -> list[bytes]:
    """Return a file for each document of a JSON or CSV file; errors as `read_import`."""
    if is_ubl_order(content):
        return [content]
    return split_json(content) if is_json(content) else split_csv(content)


def read_import(content: bytes, max_lines: int) -> Imported:
    """Return the one document of a JSON or CSV file, or of an order in UBL.

    Raises:
        TooLarge: over a limit.
        InvalidInput: it is none of them, or has no document or several; RefusedImport names each
            value that is wrong with its place.
    """
    if is_ubl_order(content):
        return made_of(read_ubl_order(content), max_lines)
    document = read_json(content) if is_json(content) else read_csv(content)
    return made_of(document, max_lines)
