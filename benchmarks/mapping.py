"""How many items, BODs and sets of M3 calls are rendered a second, and how long a lint takes.

The peer is an XSLT in lxml that makes the same BOD (the same after canonicalisation) from the
document as XML. It parses that XML, transforms it and writes the result; ours starts from fields
and tables as the database gives them. Both are compiled before. They take turns in one process;
each turn is the best of a few repetitions, the ratio the median of the turns. `explained` are BODs
with the mapping's line and the field of each value, as a preview shows them.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any
from xml.sax.saxutils import quoteattr

from lxml import etree

sys.path.insert(0, str(Path(__file__).parent.parent / "src"))

from ionport.documents.intake.reading import read_file
from ionport.documents.samples import UBL_INVOICE, read_sample
from ionport.mappings.grammars.files import TEMPLATES, own_template
from ionport.mappings.grammars.properties import Properties, parse_properties
from ionport.mappings.lint.linter import lint
from ionport.mappings.model import BodEnvelope, MappingKind, RenderSource
from ionport.mappings.rendering.bod import explain_bod, parse_bod_mapping, render_bod
from ionport.mappings.rendering.default import default_xml
from ionport.mappings.rendering.idm import parse_idm_mapping, render_idm_item
from ionport.mappings.rendering.m3 import parse_m3_mapping, render_m3

LINES = (5, 20, 500)
_JUDGED = 20
FLOOR, GOAL, GOAL_A_SECOND = 0.5, 1.0, 500
_ENVELOPE = BodEnvelope("ACME_TST", datetime(2026, 3, 5, 10, 0, tzinfo=UTC), "anna")
_LEFT_OUT = (
    "reading the document and the mapping from the database, parsing the mapping (once for each"
    " version), and of the peer compiling the stylesheet and writing the document as XML"
)
_MOMENT = "2026-03-05T10:00:00.000Z"
_STYLESHEET = """<xsl:stylesheet version="1.0"
 xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns="http://schema.infor.com/InforOAGIS/2">
<xsl:output method="xml" encoding="UTF-8"/>
<xsl:template match="/document">
<xsl:variable name="f" select="fields_compact"/>
<SyncCaptureDocument releaseID="9.2"><ApplicationArea><Sender>
<LogicalID>lid://infor.ims.ionport_export</LogicalID><ConfirmationCode>OnError</ConfirmationCode>
</Sender><CreationDateTime>{moment}</CreationDateTime>
<BODID>infor-nid:ACME_TST:001_100::<xsl:value-of select="$f/invoice_id"/>
<xsl:text>:?CaptureDocument&amp;verb=Sync</xsl:text></BODID></ApplicationArea><DataArea><Sync>
<AccountingEntityID>001_100</AccountingEntityID>
<ActionCriteria><ActionExpression actionCode="Add"/></ActionCriteria></Sync><CaptureDocument>
<DocumentID><ID><xsl:value-of select="$f/invoice_id"/></ID></DocumentID>
<AlternateDocumentID><ID schemeName="CorrelationID" location="ionport">
<xsl:value-of select="$f/correlation_id"/></ID></AlternateDocumentID>
<LastModificationDateTime>{moment}</LastModificationDateTime>
<LastModificationPerson><Name>anna</Name></LastModificationPerson>
<DocumentDateTime><xsl:value-of select="$f/invoice_date"/>T00:00:00Z</DocumentDateTime>
<CreationDateTime>{moment}</CreationDateTime><FileSize>{size}</FileSize>
<DocumentType>M3_SupplierInvoice</DocumentType>{fields}
<DocumentPage><PageID>1</PageID><SourceFileName><xsl:value-of select="filename"/></SourceFileName>
<SourceMimeType><xsl:value-of select="mime_type"/></SourceMimeType></DocumentPage>
<xsl:if test="tables/INVOICE_TABLE/row"><DocumentTable><Name languageID="en-us">InvoiceRows</Name>
<xsl:for-each select="tables/INVOICE_TABLE/row"><Row><ID><xsl:value-of select="POSITION"/></ID>
{columns}</Row></xsl:for-each></DocumentTable></xsl:if>
</CaptureDocument></DataArea></SyncCaptureDocument>
</xsl:template></xsl:stylesheet>"""
_FIELD = (
    "<xsl:if test={value}><DocumentField><Name languageID='en-us'>{name}</Name><Value>"
    "<xsl:value-of select={value}/></Value><FieldOrderNumber>{number}</FieldOrderNumber>"
    "<PageID>1</PageID></DocumentField></xsl:if>"
)
_COLUMN = (
    "<xsl:if test={value}><Column><Name languageID='en-us'>{name}</Name><Value>"
    "<xsl:value-of select={value}/></Value></Column></xsl:if>"
)


def _source(lines: int) -> RenderSource:
    """Return the demonstration invoice with as many lines."""
    content = read_sample(UBL_INVOICE)
    intake = read_file(content)
    own = intake.tables["INVOICE_TABLE"]
    rows = [{**own[number % len(own)], "POSITION": str(number + 1)} for number in range(lines)]
    # The derived field stands among the others, so that the peer has it too.
    fields = {"correlation_id": "0b9c3f4e-1111-4222-8333-444455556666", "supplier_id": "20001"}
    country = {"supplier_vat_country": intake.fields["supplier_tax_id"][:2]}
    return RenderSource(
        document_type="INVOICE",
        fields={**intake.fields, **fields, **country},
        tables={**intake.tables, "INVOICE_TABLE": rows},
        file_name="invoice.xml",
        mime_type="application/xml",
        size_bytes=len(content),
    )


def _stylesheet(properties: Properties, source: RenderSource) -> etree.XSLT:
    """Return the peer's stylesheet: the fields and columns of our template."""
    named = [
        (name, label)
        for name in properties.names("Index_Fields")
        if (label := properties.get("IF_" + name))
    ]
    fields = [
        _FIELD.format(value=quoteattr(f"$f/{name}"), name=label, number=number)
        for number, (name, label) in enumerate(named, start=1)
    ]
    prefix = "TN_InvoiceTable_TC_"
    columns = [
        _COLUMN.format(value=quoteattr(line.key.removeprefix(prefix)), name=line.value)
        for line in properties
        if line.key.startswith(prefix)
    ]
    text = _STYLESHEET.format(
        moment=_MOMENT, size=source.size_bytes, fields="".join(fields), columns="".join(columns)
    )
    return etree.XSLT(etree.XML(text, etree.XMLParser(remove_blank_text=True)))


def _canonical(content: bytes) -> bytes:
    root = etree.fromstring(content, etree.XMLParser(remove_blank_text=True))
    for element in root.iter():
        element.text = element.text.strip() if element.text else None
    return etree.tostring(root, method="c14n")


def _best(call: Callable[[], object], repetitions: int) -> float:
    best = float("inf")
    for _turn in range(repetitions):
        started = time.perf_counter()
        call()
        best = min(best, time.perf_counter() - started)
    return best


def _measure(turns: int) -> dict[str, Any]:
    text = {kind: own_template(kind)[1].decode() for kind in (_IDM, _BOD, _M3)}
    idm, bod, m3 = (
        parse_idm_mapping(text[_IDM]),
        parse_bod_mapping(text[_BOD]),
        parse_m3_mapping(text[_M3]),
    )
    rows: dict[str, Mapping[str, Any]] = {}
    for lines in LINES:
        source = _source(lines)
        document = default_xml(source)
        transform = _stylesheet(parse_properties(text[_BOD]), source)

        def peer(document: bytes = document, transform: etree.XSLT = transform) -> bytes:
            return bytes(transform(etree.fromstring(document)))

        if _canonical(peer()) != _canonical(render_bod(bod, source, _ENVELOPE)):
            raise SystemExit("the peer does not make the same BOD")
        calls: dict[str, Callable[[], object]] = {
            "items": lambda source=source: render_idm_item(idm, source),
            "bods": lambda source=source: render_bod(bod, source, _ENVELOPE),
            "xslt_bods": peer,
            "m3_sets": lambda source=source: render_m3(m3, source),
            "explained": lambda source=source: explain_bod(bod, source, _ENVELOPE),
        }
        seconds: dict[str, list[float]] = {name: [] for name in calls}
        for _turn in range(turns):
            for name, call in calls.items():
                seconds[name].append(_best(call, max(3, 200 // lines)))
        ratios = [
            theirs / ours
            for ours, theirs in zip(seconds["bods"], seconds["xslt_bods"], strict=True)
        ]
        a_second = {name: round(1 / min(times)) for name, times in seconds.items()}
        rows[str(lines)] = {**a_second, "ratio": round(median(ratios), 2)}
    return {
        "turns": turns,
        "rows": rows,
        "lint": _lint(turns),
        "load": round(os.getloadavg()[0], 1),
    }


_IDM, _BOD, _M3 = MappingKind.IDM, MappingKind.BOD, MappingKind.M3


def _lint(turns: int) -> dict[str, Any]:
    """Return how long the linter takes for the largest file: the vendor's where it is there."""
    shipped = [(own_template(one.kind, one.document_types[0]), one.kind) for one in TEMPLATES]
    files = [(name, content.decode(), kind) for (name, content), kind in shipped]
    folder = Path(os.environ.get("IONPORT_REFERENCE_DATA", "")) / "mappings"
    kinds = {"IDM": _IDM, "BOD": _BOD, "M3": _M3, "LN-": MappingKind.LN}
    for file in sorted(folder.glob("*-Mapping*.properties")):
        kind = next(kind for start, kind in kinds.items() if file.name.startswith(start))
        files.append((file.name, file.read_text(encoding="utf-8"), kind))
    name, text, kind = max(files, key=lambda one: len(one[1]))
    best = min(_best(lambda: lint(kind, text), 5) for _turn in range(turns))
    return {"file": name, "lines": text.count("\n"), "milliseconds": round(best * 1000, 2)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="3 turns instead of 15")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--check", action="store_true", help="exit with 1 below the floor")
    arguments = parser.parse_args()
    result = _measure(3 if arguments.quick else 15)
    judged = result["rows"][str(_JUDGED)]
    if arguments.json:
        print(json.dumps({**result, "left_out": _LEFT_OUT}))
    else:
        for lines, row in result["rows"].items():
            print(
                f"{lines:>4} lines: {row['items']:>7} items, {row['bods']:>6} BODs (XSLT"
                f" {row['xslt_bods']}, {row['ratio']} x; explained {row['explained']}),"
                f" {row['m3_sets']:>6} M3 call sets a second"
            )
        checked = result["lint"]
        print(f"lint of {checked['file']}: {checked['milliseconds']} ms")
        print(f"{result['turns']} turns, load {result['load']}; left out: {_LEFT_OUT}")
    print(
        f"{judged['ratio']} x at {_JUDGED} lines, {judged['bods']} BODs a second"
        f" (floor {FLOOR} x, goal {GOAL} x and {GOAL_A_SECOND} a second)"
    )
    return int(arguments.check and judged["ratio"] < FLOOR)


if __name__ == "__main__":
    sys.exit(main())
