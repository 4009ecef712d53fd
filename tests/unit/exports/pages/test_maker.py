"""Pages are made between receipt and export, in the background, and deliveries send those."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy.exc import OperationalError

from ionport.core.errors import InvalidInput, Unavailable
from ionport.core.repeating import Repeating
from ionport.documents.invoice.rendering.model import Language
from ionport.documents.readable_pages.service import ReadablePageService
from ionport.exports.engine.runner import DeliveryRunner
from ionport.exports.model import ExportMethod, OutcomeKind
from ionport.exports.pages.maker import PageMaker
from ionport.identity.access import Access
from ionport.mappings.intake import prepared_template
from ionport.mappings.model import MappingKind
from tests.support.exporting import OPERATOR, DocumentSide
from tests.support.pdfs import pdf_with
from tests.support.sides import until
from tests.support.statements import statements_of
from tests.unit.exports.conftest import Walk

_SET = "ionport.documents.readable_pages.service.pdf_page"


def _maker(side: DocumentSide, documents_at_once: int = 100) -> PageMaker:
    readable_pages = ReadablePageService(side.database, side.documents, side.blobs, side.clock)
    return PageMaker(
        side.database, readable_pages, side.mappings, documents_at_once=documents_at_once, rest=0
    )


def _pages(side: DocumentSide) -> dict[str, str]:
    """The pages that were made: their digests by language and content."""
    with side.database.read() as work:
        rows = work.connection.exec_driver_sql(
            "SELECT content_sha256, language, pdf_sha256 FROM document_renderings"
        )
        return {f"{row.language} {row.content_sha256}": row.pdf_sha256 for row in rows}


def _content(side: DocumentSide, document_id: str) -> str:
    with side.database.read() as work:
        return side.documents.get(work.within(side.scope), document_id).content_sha256


@pytest.fixture
def set_pages(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The languages of the pages that were set: each is a short text instead."""
    found: list[str] = []

    def set_page(sheet: object, content: bytes, _name: str) -> bytes:
        found.append("set")
        return b"%PDF-" + content

    monkeypatch.setattr(_SET, set_page)
    return found


def test_a_delivery_sends_the_page_that_was_made_before_it(
    walk: Walk, runner: DeliveryRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    document_id = walk.side.receive("MADE-1")
    assert _maker(walk.side).look() == 1
    (made,) = _pages(walk.side).values()
    monkeypatch.setattr(_SET, _refuse_to_set)
    delivery = walk.side.export(document_id)
    assert walk.run(runner, delivery.id).kind is OutcomeKind.DONE
    (item,) = walk.items(walk.side.detail(delivery.id))
    assert [file.sha256 for file in item.resources] == [made]
    assert _maker(walk.side).look() == 0


def _refuse_to_set(*_arguments: object) -> bytes:
    raise AssertionError("the page is there already")


def test_a_delivery_that_finds_no_page_sends_the_same_one(
    walk: Walk, runner: DeliveryRunner
) -> None:
    """Same bytes: a page depends on the file as it was received, and on nothing of today."""
    document_id = walk.side.receive("MADE-2")
    delivery = walk.side.export(document_id)
    assert _maker(walk.side).look() == 0, "what is being exported makes its page itself"
    assert walk.run(runner, delivery.id).kind is OutcomeKind.DONE
    sent = _pages(walk.side)
    with walk.side.database.write() as work:
        work.connection.exec_driver_sql("DELETE FROM document_renderings")
    readable_pages = ReadablePageService(
        walk.side.database, walk.side.documents, walk.side.blobs, walk.clock
    )
    readable_pages.pdf_digest(walk.side.scope, document_id, Language.ENGLISH)
    assert _pages(walk.side) == sent


def test_pages_are_in_the_languages_of_the_active_mappings(
    walk: Walk, set_pages: list[str]
) -> None:
    side = walk.side
    content = _content(side, side.receive("MADE-3"))
    with side.database.write() as work:
        side.configurations.deactivate(Access(work, side.scope, OPERATOR), walk.configuration.id)
    assert _maker(side).look() == 0, "nothing is exported, so that nobody asks for pages"
    german = prepared_template(MappingKind.IDM)[1].text + "\nSV_PageLanguage = de\n"
    connection_id = walk.configuration.connection_id
    side.configure(connection_id, ExportMethod.INFOR_IDM, title="German", idm=german.encode())
    assert _maker(side).look() == 1
    assert list(_pages(side)) == [f"de {content}"]


def test_a_file_that_is_a_pdf_and_a_held_document_get_no_page(
    walk: Walk, set_pages: list[str]
) -> None:
    side = walk.side
    first = side.receive("MADE-4")
    content = side.blobs.get(_content(side, first))
    held = side.add_document("again.xml", content + b"<!-- sent again -->")
    side.add_document("in.pdf", pdf_with(("a.xml", content.replace(b"MADE-4", b"MADE-5"))))
    assert side.status(held) == "ready_for_validation"
    assert _maker(side).look() == 1
    assert list(_pages(side)) == [f"en {_content(side, first)}"]


def test_older_documents_get_theirs_however_many_newer_ones_have_pages(
    walk: Walk, set_pages: list[str]
) -> None:
    """A look goes through a bounded part; the next ones go on behind it, and begin anew."""
    side = walk.side
    for number in range(7):
        side.receive(f"MADE-MANY-{number}")
    maker = _maker(side, documents_at_once=2)
    counts = [maker.look() for _look in range(4)]
    assert counts == [4, 2, 1, 0]
    oldest = min(_pages(side))
    with side.database.write() as work:
        work.connection.exec_driver_sql(
            f"DELETE FROM document_renderings WHERE content_sha256 = '{oldest[3:]}'"
        )
    assert sum(maker.look() for _look in range(4)) == 1
    assert oldest in _pages(side)


def test_a_page_that_cannot_be_made_is_tried_once_and_keeps_no_other_waiting(
    walk: Walk, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[bytes] = []

    def set_page(_sheet: object, content: bytes, _name: str) -> bytes:
        tried.append(content)
        if b"TOO-LARGE" in content:
            raise InvalidInput("It is too large.", code="page_not_set")
        if b"BROKEN" in content:
            raise ZeroDivisionError
        return b"%PDF-" + content

    monkeypatch.setattr(_SET, set_page)
    for number in ("GOOD-1", "TOO-LARGE", "BROKEN", "GOOD-2"):
        walk.side.receive(number)
    maker = _maker(walk.side)
    assert (maker.look(), maker.look()) == (2, 0)
    assert len(tried) == 4


def test_a_look_ends_where_the_disk_is_full_and_the_next_one_goes_on(
    walk: Walk, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([Unavailable("The data folder is full."), None])

    def set_page(_sheet: object, content: bytes, _name: str) -> bytes:
        if (problem := next(answers, None)) is not None:
            raise problem
        return b"%PDF-" + content

    monkeypatch.setattr(_SET, set_page)
    walk.side.receive("MADE-6")
    maker = _maker(walk.side)
    assert (maker.look(), maker.look()) == (0, 1)


def test_two_workers_make_each_page_once(walk: Walk, set_pages: list[str]) -> None:
    """Each asks again before it makes one: what the other has made meanwhile is not made."""
    side = walk.side
    for number in range(3):
        side.receive(f"MADE-TWO-{number}")
    one, two = _maker(side), _maker(side)
    make, others = PageMaker._make, [two]

    def after_the_other(self: PageMaker, *arguments: object) -> bool:
        if self is one and others:
            others.pop().look()
        return make(self, *arguments)  # type: ignore[arg-type]

    PageMaker._make = after_the_other  # type: ignore[method-assign, assignment]
    try:
        one.look()
    finally:
        PageMaker._make = make  # type: ignore[method-assign]
    assert (len(set_pages), len(_pages(side))) == (3, 3)


@pytest.mark.on_each_database
def test_a_look_asks_for_a_bounded_part_by_the_index_of_the_status(
    walk: Walk, set_pages: list[str]
) -> None:
    side = walk.side
    for number in range(5):
        side.receive(f"MADE-ASKED-{number}")
    maker = _maker(side, documents_at_once=2)
    while maker.look():
        pass
    assert len(set_pages) == 5
    with statements_of(side.database) as statements:
        maker.look()
    assert all("LIMIT" in text for text, _values in statements.run if "FROM documents" in text)
    if side.database.is_sqlite:
        assert sum(text.startswith("SELECT") for text, _values in statements.run) <= 9
        plans = [line for plan in statements.plans(side.database) for line in plan]
        of_documents = [line for line in plans if line.split()[1:2] == ["documents"]]
        assert of_documents
        assert all("ix_documents_organization_id_status" in line for line in of_documents)


class _Broken(PageMaker):
    """A maker whose database is away at its first look."""

    looks = 0

    def look(self) -> int:
        self.looks += 1
        if self.looks == 1:
            raise OperationalError("SELECT 1", None, Exception("gone"))
        return 0


@pytest.fixture
def watch(side: DocumentSide) -> Iterator[tuple[Repeating, _Broken]]:
    readable_pages = ReadablePageService(side.database, side.documents, side.blobs, side.clock)
    maker = _Broken(side.database, readable_pages, side.mappings)
    watch = maker.repeating(every_seconds=0.01)
    watch.launch()
    yield watch, maker
    watch.close()


def test_the_task_survives_a_database_that_is_away(watch: tuple[Repeating, _Broken]) -> None:
    assert until(lambda: watch[1].looks >= 3, pause=0.005)
