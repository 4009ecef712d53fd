"""Rules about mapping files of every kind: their lines, lists, fields and columns.

Source: docs/reference/mapping-files.md.
"""

from __future__ import annotations

from ionport.core.i18n import N_
from ionport.mappings.lint.rules.model import NO_CORRELATION_ID, Rule, Severity

_E, _W, _I = Severity.ERROR, Severity.WARNING, Severity.INFO
_MENDED = N_("Correct the name, or remove the line.")

OF_FILES = (
    Rule(
        "other_kind",
        _E,
        N_("Needed is a file of the kind {wanted}; by its content this one is: {found}."),
        N_("Choose the file with the {wanted}."),
        acceptable=False,
    ),
    Rule(
        "no_document_type",
        _E,
        N_("The mapping names no document type, so nothing can be exported with it."),
        "",
        {
            "idm": N_("Add a line such as “INVOICE=M3_SupplierInvoice”."),
            "bod": N_(
                "Add “Document_Types=Invoice” and a line such as “Invoice=M3_SupplierInvoice”."
            ),
            "erp": N_("Add the list {list} and a line for each of its fields."),
        },
        acceptable=False,
    ),
    Rule(
        "type_not_mapped",
        _E,
        N_("The mapping has no line for documents of the type {type}."),
        N_("Add a line or section for {type}, or choose a file that has one."),
        acceptable=False,
    ),
    Rule(
        "type_not_booked",
        _E,
        N_("{wanted}: M3 and LN book invoices and credit notes by it, and no {type}."),
        N_("Export documents of the type {type} to IDM, or to IDM and over ION."),
        acceptable=False,
    ),
    Rule(
        NO_CORRELATION_ID,
        _E,
        N_(
            "The mapping does not send the correlation id. After a crash the target cannot be"
            " asked whether the document has arrived, and it may be delivered twice."
        ),
        "",
        {
            "idm": N_(
                "Add CORRELATION_ID to Index_Fields and a line"
                " “IF_CORRELATION_ID=BOD_AlternateDocumentID_1” (an attribute of the IDM document"
                " type), or accept that documents are delivered at least once."
            ),
            "bod": N_(
                "Add CORRELATION_ID to Index_Fields and a line IFP_CORRELATION_ID with the path of"
                " AlternateDocumentID/ID, or accept that documents are delivered at least once."
            ),
        },
    ),
    Rule(
        "erp_without_correlation_id",
        _E,
        N_(
            "The mapping does not send the correlation id. After a crash nobody could tell whether"
            " the invoice has been booked, so nothing is sent without it."
        ),
        "",
        {
            "m3": N_("Add CORI to {list} and a line that gives it correlation_id."),
            "ln": N_(
                "Add DocumentIDExternalPackage to {list} and a line that gives it correlation_id."
            ),
        },
        acceptable=False,
    ),
    Rule(
        "not_utf8",
        _I,
        N_("The file is written in {encoding}, not in UTF-8, and is kept so."),
        N_("Look whether letters with accents are right; else save it again as UTF-8."),
    ),
)
OF_LINES = (
    Rule(
        "broken_line",
        _W,
        N_("The line is no “key = value” and is not read."),
        N_("Write it as “key = value”, or put # in front."),
    ),
    Rule(
        "duplicate_key",
        _W,
        N_("{key} is defined again in line {other}, which counts."),
        N_("Remove one of the two lines."),
    ),
    Rule(
        "unknown_key",
        _W,
        N_("{key} is not known in this kind of mapping file and has no effect."),
        _MENDED,
    ),
    Rule(
        "misspelt_key",
        _I,
        N_("{key} is the misspelling of {name} that published files have; it is understood."),
        N_("Write {name}."),
    ),
    Rule(
        "listed_undefined",
        _I,
        N_("{key} lists {name}, but there is no line {missing}; it is not sent."),
        N_("Nothing to do, unless {name} should be sent: then add the line."),
    ),
    Rule(
        "defined_unlisted",
        _W,
        N_("{key} is defined but {list} does not list it, so it is not sent."),
        N_("Add {name} to {list}, or remove the line."),
        {"same": N_("{list} calls the same field {other}: write the line with that name.")},
    ),
    Rule(
        "listed_twice",
        _I,
        N_("{key} lists {name} twice; it is sent once."),
        N_("Remove one of the two."),
    ),
    Rule(
        "type_without_line",
        _W,
        N_("{key} lists {name}, but there is no line {name}=…."),
        N_("Add the line with the document type in Infor."),
    ),
    Rule(
        "empty_value",
        _I,
        N_("{key} has no value."),
        N_("Write the value behind “=”, if there is one."),
        {
            "type": N_("Write the IDM document type behind the “=”."),
            "attribute": N_("Write the value, unless the attribute stays empty."),
            "element": N_("Write the value, unless the element stays empty."),
            "embedded": N_("Add the line “{key}=…”."),
        },
    ),
    Rule(
        "placeholder_value",
        _E,
        N_("{key} still has the placeholder {value} for a value."),
        N_("Write your own value for it."),
    ),
    Rule(
        "example_value",
        _E,
        N_("{key} still has {name}, a value of the vendor's published file."),
        N_("Write the value of your own company, or accept the finding if this is yours."),
    ),
    Rule(
        "constant_and_field",
        _I,
        N_("{target} has a constant and a field: {field} counts, {value} where it is empty."),
        N_("Nothing to do, if that is meant; else remove one of the two lines."),
    ),
    Rule(
        "same_target",
        _W,
        N_("{other} in line {line} writes {target} too; one of the two values is lost."),
        N_("Give one of them another target, or remove it."),
    ),
    Rule(
        "looks_swapped",
        _W,
        N_("{key} goes to {target}, and {other} to the target that belongs to {key}."),
        N_("Swap the two targets, if they were mistaken for each other."),
    ),
    Rule(
        "type_unlisted",
        _W,
        N_("{list} does not list {key}, so it cannot be exported."),
        N_("Add {key} to {list}, or remove the line."),
    ),
)
OF_FIELDS = (
    Rule(
        "unknown_field",
        _E,
        N_("Documents have no field {name}; nothing will be sent for it."),
        N_("Use the id of a document field, or leave it if the target needs no value."),
        {"constant": N_("For a constant use the list {list} with {prefix}.")},
    ),
    Rule(
        "unknown_column",
        _E,
        N_("The table {table} has no column {name}; nothing will be sent for it."),
        N_("Use the id of a column of the table."),
    ),
    Rule(
        "unfilled_field",
        _W,
        N_("No document has a value for {name} here; nothing will be sent for it."),
        N_("Use another field, or a constant, if the target needs the value."),
    ),
    Rule(
        "unfilled_column",
        _W,
        N_("No row of {table} has a value for {name} here; nothing will be sent for it."),
        N_("Use another column, or a constant, if the target needs the value."),
    ),
    Rule(
        "unfilled_table",
        _W,
        N_("Documents have no table {table}: the section {section} makes no line."),
        N_("Remove the section, or name a table of the document."),
    ),
    Rule(
        "filled_by_hand",
        _I,
        N_("No invoice says {name}; it is sent where a person has entered it."),
        N_("Nothing to do, if somebody enters it."),
    ),
    Rule(
        "unknown_term",
        _E,
        N_("There is no business term {name}. Nothing will be sent for it."),
        N_("Look its id up in EN 16931."),
    ),
    Rule(
        "term_of_lines",
        _E,
        N_("{name} is a term of the invoice's lines. Nothing will be sent for it."),
        N_("Name it as a column of the invoice table."),
    ),
    Rule(
        "term_of_document",
        _E,
        N_("{name} is a term of the invoice as a whole. Nothing will be sent for it."),
        N_("Name it as a field."),
    ),
    Rule(
        "same_invoice_not_asked",
        _I,
        N_(
            "The target is not asked whether the invoice is there already: the mapping does not"
            " send both its number and its supplier."
        ),
        N_("Add INVOICE_ID and SUPPLIER_NAME, or another identity of the supplier."),
    ),
)
