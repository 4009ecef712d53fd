from __future__ import annotations

import pytest

from ionport.core import xml
from ionport.sandbox.messaging.bod_shapes import MAX_DIFFERENCES, capture_document, differences
from tests.support.ion import bod
from tests.support.reference import FOLDER, needs_reference_data
from tools import capture_document as tool

DOCUMENT = "/SyncCaptureDocument/DataArea/CaptureDocument[1]"


def of(content: bytes) -> list[str]:
    return differences(xml.parse(content))


@needs_reference_data
def test_the_shape_is_what_the_reference_data_says() -> None:
    assert tool.RESOURCE.read_text(encoding="utf-8") == tool.shape(tool.read_rows(FOLDER))


@needs_reference_data
@pytest.mark.parametrize("kind", ["", "delivery-note.", "order-confirmation."])
def test_the_reference_documents_differ_in_one_attribute_alone(kind: str) -> None:
    content = (FOLDER / f"SyncCaptureDocument.{kind}sample-constructed.xml").read_bytes()
    (finding,) = of(content)
    assert finding.startswith(f"{DOCUMENT}/DocumentID/ID/@accountingEntity: ")


def test_the_shape_knows_order_cardinality_and_attributes() -> None:
    document = capture_document().children["DataArea"].children["CaptureDocument"]
    assert document.often == "+"
    assert list(document.children)[:2] == ["DocumentID", "AlternateDocumentID"]
    assert document.children["FileSize"].kind == "I"
    assert capture_document().attributes["releaseID"] == "T*"


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("<Sync>", "<Sync2/><Sync>", "/SyncCaptureDocument/DataArea/Sync2: "),
        ("<CreationDateTime>2026-03-05T10:11:12Z</CreationDateTime>", "", "CreationDateTime: "),
        ("2026-03-05T10:11:12Z", "5 March", '"5 March"'),
        (' releaseID="9.2"', "", "/SyncCaptureDocument/@releaseID: "),
        (' releaseID="9.2"', ' releaseID="9.2" id="x"', "/SyncCaptureDocument/@id: "),
        ('xmlns="http://schema.infor.com/InforOAGIS/2" ', "", "/SyncCaptureDocument: "),
        ("<DocumentType>", "<FileSize>5 kB</FileSize><DocumentType>", f"{DOCUMENT}/FileSize: "),
        ("<DocumentID><ID>471102</ID></DocumentID>", "<DocumentID/>", f"{DOCUMENT}/DocumentID/ID"),
        ("<Value>471102</Value>", "<Value><b/></Value>", f"{DOCUMENT}/DocumentField[1]/Value: "),
        ("<Sync>", "<Sync>text", "/SyncCaptureDocument/DataArea/Sync: "),
        (
            "<DocumentType>",
            "<Status><ArchiveIndicator>no</ArchiveIndicator></Status><DocumentType>",
            f"{DOCUMENT}/Status/ArchiveIndicator: ",
        ),
        (
            "</DocumentType>",
            "</DocumentType><Version>1</Version>",
            f"{DOCUMENT}/Version: ",
        ),
        (
            "<DocumentType>",
            "<FileSize>1</FileSize><FileSize>2</FileSize><DocumentType>",
            f"{DOCUMENT}/FileSize: ",
        ),
        ("<DocumentType>", "<FileSize/><DocumentType>", f"{DOCUMENT}/FileSize: "),
    ],
)
def test_a_difference_is_told_with_its_place(old: str, new: str, place: str) -> None:
    content = bod().decode()
    assert of(content.encode()) == []
    changed = content.replace(old, new, 1)
    assert changed != content
    found = of(changed.encode())
    assert len(found) == 1, found
    assert place in found[0]


def test_the_place_counts_what_may_repeat() -> None:
    content = bod(Currency="EUR", Colour="red").replace(
        b"<Name>Colour</Name>", b"<Name>Colour</Name><Shade/>"
    )
    assert of(content) == [
        f"{DOCUMENT}/DocumentField[3]/Shade: the schema has no such element here."
    ]


def test_the_list_of_differences_is_bounded() -> None:
    content = bod().replace(b"<Sync>", b"<Sync>" + b"<Odd/>" * 200)
    assert len(of(content)) == MAX_DIFFERENCES + 1
