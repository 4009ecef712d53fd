"""The names of the syntaxes: namespaces and root elements."""

from __future__ import annotations

from collections.abc import Mapping

from ionport.documents.invoice.table import Syntax

_UBL = "urn:oasis:names:specification:ubl:schema:xsd:"
_CII = "urn:un:unece:uncefact:data:standard:"

NAMESPACES: Mapping[Syntax, Mapping[str, str]] = {
    Syntax.UBL: {
        "cac": _UBL + "CommonAggregateComponents-2",
        "cbc": _UBL + "CommonBasicComponents-2",
    },
    Syntax.CII: {
        "rsm": _CII + "CrossIndustryInvoice:100",
        "ram": _CII + "ReusableAggregateBusinessInformationEntity:100",
        "udt": _CII + "UnqualifiedDataType:100",
        "qdt": _CII + "QualifiedDataType:100",
    },
    Syntax.ZUGFERD_1: {
        "rsm": "urn:ferd:CrossIndustryDocument:invoice:1p0",
        "ram": _CII + "ReusableAggregateBusinessInformationEntity:12",
        "udt": _CII + "UnqualifiedDataType:15",
        "qdt": _CII + "QualifiedDataType:12",
    },
    Syntax.FATTURAPA: {},
}
"""The prefixes that the table uses, by syntax."""

CREDIT_NOTE_ROOT = f"{{{_UBL}CreditNote-2}}CreditNote"
"""The only root that says by itself that the document is a credit note."""

_FATTURAPA = (
    "http://ivaservizi.agenziaentrate.gov.it/docs/xsd/fatture/v1.2",
    "http://www.fatturapa.gov.it/sdi/fatturapa/v1.1",
    "http://www.fatturapa.gov.it/sdi/fatturapa/v1.0",
    "http://ivaservizi.agenziaentrate.gov.it/docs/xsd/fatture/v1.0",
)
SYNTAX_BY_ROOT: Mapping[str, Syntax] = {
    f"{{{_UBL}Invoice-2}}Invoice": Syntax.UBL,
    CREDIT_NOTE_ROOT: Syntax.UBL,
    f"{{{_CII}CrossIndustryInvoice:100}}CrossIndustryInvoice": Syntax.CII,
    "{urn:ferd:CrossIndustryDocument:invoice:1p0}CrossIndustryDocument": Syntax.ZUGFERD_1,
    **{f"{{{name}}}FatturaElettronica": Syntax.FATTURAPA for name in _FATTURAPA},
}
"""The syntax by the name of the root element, in Clark notation."""
