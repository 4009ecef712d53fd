"""Rules about what a target takes: IDM, ION's mappings behind a BOD, M3, LN, stylesheets.

Source: docs/reference/mapping-files.md, docs/reference/ion-messaging.md, docs/reference/m3.md.
"""

from __future__ import annotations

from ionport.core.i18n import N_
from ionport.mappings.lint.rules.model import Rule, Severity

_E, _W, _I = Severity.ERROR, Severity.WARNING, Severity.INFO
_LOGICAL_ID = N_(
    "Copy the logical id of your connection point from ION Desk (Connect, Connection Points), for"
    " example lid://infor.ims.docbits_export, into SFV_LogicalID."
)
_OWN_DEFAULT = N_("Add the line {key}=… with the value that you want.")

OF_IDM = (
    Rule(
        "unresolved_reference",
        _W,
        N_("{name} has no value in this file; the place stays empty."),
        N_("Add a line “{name}=…”, or remove it from {key}."),
    ),
    Rule(
        "default_file_name",
        _I,
        N_("There is no {key}: the file keeps its own name."),
        _OWN_DEFAULT,
    ),
    Rule(
        "default_access_rights",
        _I,
        N_("There is no {key}: IDM gives the item the access rights of its document type."),
        _OWN_DEFAULT,
    ),
    Rule(
        "embedded_files",
        _I,
        N_(
            "The files inside a document become further files of its item; IDM document types of"
            " their own (EFE_…_EXPORT_DOC_TYPE) are not used."
        ),
        N_("Nothing to do. XML_DOCUMENT.xml is the invoice as it was received."),
    ),
    Rule(
        "idm_unknown_type",
        _W,
        N_("The tenant has no IDM document type {name}."),
        N_("Use a document type of Document Manager, or add it there."),
    ),
    Rule(
        "idm_unknown_attribute",
        _W,
        N_("The IDM document type {type} has no attribute {name}; IDM refuses the item."),
        N_("Use an attribute of the type, or add it in Document Manager."),
    ),
    Rule(
        "idm_required_attribute",
        _W,
        N_("The IDM document type {type} requires {name}, which the mapping does not send."),
        N_("Add a line for {name}."),
    ),
)
OF_BOD = (
    Rule("no_logical_id", _E, N_("The mapping sets no logical id of the sender."), _LOGICAL_ID),
    Rule(
        "placeholder_logical_id",
        _E,
        N_("The logical id is still the placeholder."),
        _LOGICAL_ID,
    ),
    Rule(
        "malformed_logical_id",
        _E,
        N_("The logical id is not of the form lid://a.b.c."),
        _LOGICAL_ID,
    ),
    Rule(
        "no_field_path",
        _E,
        N_("There is no IF_COMMON_PATH, so none of the fields is sent."),
        N_("Add the line with the path of DocumentField."),
    ),
    Rule(
        "item_not_known",
        _E,
        N_("{name} is the id of the item in IDM, which nobody knows while the BOD is made."),
        N_("Remove it: the correlation id leads from the BOD to the item."),
    ),
    Rule(
        "unknown_path",
        _E,
        N_("Sync.CaptureDocument has no {path}; nothing is sent for it."),
        N_("Correct the path, or remove the line."),
    ),
    Rule(
        "unknown_name",
        _W,
        N_("{name} has no meaning here; its element is not sent."),
        N_("Known are: {names}."),
    ),
    Rule(
        "too_many_tables",
        _W,
        N_("Only the first {limit} tables are sent."),
        N_("Remove the others."),
    ),
    Rule(
        "name_not_read",
        _I,
        N_("The published ION mapping to {noun} does not read {name}; its value is lost there."),
        N_("Nothing to do, if your own flow reads it."),
    ),
    Rule(
        "name_not_sent",
        _W,
        N_("The published ION mapping to {noun} reads {name}, which the file does not send."),
        N_("List the field and add a line that sends it, for example {example}."),
    ),
    Rule(
        "vat_lines",
        _W,
        N_(
            "VAT lines that the file has names for: {count}. Of an invoice with more the others"
            " are lost, and the sum of its VAT is wrong."
        ),
        N_("Send NetAmount, VATAmount and VatPercent, then the same with 2 and with 3."),
    ),
    Rule(
        "tax_code_fixed",
        _I,
        N_(
            "The published ION mapping to Process.SupplierInvoice writes the tax code 000 for"
            " every VAT line."
        ),
        N_("Change the mapping in ION where the ERP needs its own tax codes."),
    ),
    Rule(
        "vat_lines_read",
        _I,
        N_(
            "The BOD carries each VAT line of the invoice; the published ION mapping reads the"
            " first {count} of them."
        ),
        N_("Invoices with more VAT lines need a mapping of your own in ION."),
    ),
)
OF_ERP = (
    Rule(
        "m3_unknown_field",
        _W,
        N_("APS450MI {transaction} has no field {name}; M3 refuses the call."),
        N_("Remove it, or check it against the release of your M3 (MRS001MI LstFields)."),
        {"other": N_("{other} has it: move the line to that section, or remove it.")},
    ),
    Rule(
        "m3_too_long",
        _W,
        N_("{name} takes {limit} characters; this value has {length}."),
        N_("Shorten the value."),
    ),
    Rule(
        "m3_not_numeric",
        _W,
        N_("{name} takes a number; {value} is none."),
        N_("Write digits, with a point for decimals."),
    ),
    Rule(
        "m3_not_a_date",
        _W,
        N_("{name} takes a date; {value} is none."),
        N_("Write the date as 2026-03-31, or map a field with a date."),
    ),
    Rule(
        "m3_mandatory_missing",
        _W,
        N_("APS450MI {transaction} demands {name}, which the section {section} does not send."),
        N_("Add {name} to {list} and a line for it."),
    ),
    Rule(
        "m3_line_type",
        _W,
        N_("Lines of the section {section} have the type {expected}; the file says {value}."),
        N_("Write {expected}, unless your M3 uses the other type."),
    ),
    Rule(
        "m3_default_line_type",
        _I,
        N_("The section {section} names no line type (RDTP): {expected} is sent."),
        _OWN_DEFAULT,
    ),
    Rule(
        "m3_default_company",
        _I,
        N_("The file names no company (CONO): M3 takes that of the service account's user."),
        _OWN_DEFAULT,
    ),
    Rule(
        "m3_default_division",
        _I,
        N_("The file names no division (DIVI): M3 takes that of the service account's user."),
        _OWN_DEFAULT,
    ),
    Rule(
        "m3_not_a_company",
        _W,
        N_("The company is a number of up to three digits; {value} is none."),
        N_("Write the number of the company in M3."),
    ),
    Rule(
        "no_invoice_number",
        _W,
        N_("The supplier's invoice number is not sent: without it nobody finds the invoice again."),
        N_("Add {name} to {list} and a line that gives it invoice_id."),
    ),
    Rule(
        "default_tax_country",
        _I,
        N_("TaxCountry is not sent: the document system's own export then writes DE."),
        N_("Add TaxCountry with a constant or with the field supplier_country_code."),
        {"field": N_("Where {name} is empty nothing is sent: add a constant, if LN needs one.")},
    ),
    Rule(
        "ln_unknown_attribute",
        _I,
        N_("{name} is in none of the published LN mappings; nobody can say whether LN takes it."),
        N_("Compare it with the attributes of your business data entity."),
    ),
)
OF_TOML = (
    Rule(
        "toml_broken",
        _E,
        N_("This is not a TOML file: {why}."),
        N_("Correct the line."),
        acceptable=False,
    ),
    Rule(
        "toml_wrong_type",
        _E,
        N_("{key} is {found}; a text is needed there."),
        N_("Put the value in quotation marks."),
        {"table": N_("Write it as a table, [{key}].")},
        acceptable=False,
    ),
    Rule(
        "toml_unknown_section",
        _W,
        N_("{name} is no section of an export configuration and has no effect."),
        N_("Correct the name, or remove the section."),
    ),
    Rule(
        "toml_rule",
        _E,
        N_("The rule cannot be read: {why}"),
        N_("Correct the rule, or set “active = false”."),
        acceptable=False,
    ),
)
OF_XSLT = (
    Rule(
        "xslt_broken",
        _E,
        N_("The stylesheet cannot be compiled: {why}"),
        N_("Correct the place."),
        acceptable=False,
    ),
    Rule(
        "xslt_forbidden",
        _E,
        N_("The stylesheet uses {name}: files and addresses are closed to stylesheets."),
        N_("Remove it; all of the document is in the input."),
        acceptable=False,
    ),
    Rule(
        "xslt_endless",
        _E,
        N_("The template {name} always calls itself again, so that it never ends."),
        N_("Let it call itself under a condition that ends, such as xsl:if."),
    ),
    Rule(
        "xslt_version",
        _E,
        N_("The stylesheet says XSLT {version}, which needs the package saxonche."),
        N_('Install ionport[xslt], or write it in XSLT 1.0 with version="1.0".'),
        acceptable=False,
    ),
)
