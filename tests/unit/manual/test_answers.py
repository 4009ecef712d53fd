"""Questions in three languages find the page that answers them, and others are refused.

Questions come in sets. Those of the newest set that their hash chooses, a third, are neither looked
at nor scored while words and weights are chosen; those of former sets have been seen since. What
both reach is told in docs/decisions/0029. With `IONPORT_ASK_HELD_BACK=1` those held back are
scored, once, at the end: after that they count as seen.
"""

from __future__ import annotations

import csv
import hashlib
import os
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Semaphore

import pytest

from ionport.manual import LANGUAGES, ManualPage, page_names, read_page
from ionport.manual.answers import MAX_QUESTION, Answer, Manual, in_language, manual
from ionport.manual.language import asked_phrases, root, words_of
from ionport.manual.quoted import QuotedTexts
from ionport.manual.sections import Block, blocks_of

FILE = Path(__file__).with_name("questions.tsv")
UNANSWERABLE = "unanswerable"
# Pages whose tables have error texts in italics.
ERRORS = (
    "oauth-errors",
    "errors-access",
    "errors-documents",
    "errors-exports",
    "errors-sandbox",
    "troubleshooting",
)
# The number of the first question of the next set: all that are there have been scored and seen.
NEWEST = 1364


@dataclass(frozen=True, slots=True)
class Question:
    """A question, the pages that answer it, and the words there that do."""

    id: str
    text: str
    pages: tuple[str, ...]
    kind: str
    sentence: str

    @property
    def is_held_back(self) -> bool:
        if int(self.id.removeprefix("q")) < NEWEST:
            return False
        return int(hashlib.sha256(self.text.encode()).hexdigest(), 16) % 3 == 0


def questions() -> list[Question]:
    with FILE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [
        Question(
            row["id"],
            row["question"],
            tuple(filter(None, row["pages"].split(","))),
            row["kind"],
            row["sentence"] or "",
        )
        for row in rows
    ]


@dataclass(frozen=True, slots=True)
class Score:
    """Shares of questions: the right page first, among three, rightly and wrongly answered."""

    first: float
    among_three: float
    wrongly_answered: float


def score(asked: Sequence[Question]) -> Score:
    first = among_three = wrong = 0
    for question in asked:
        answer = manual().ask(question.text)
        pages = list(dict.fromkeys(block.page for block in answer.excerpts))
        shown = list(dict.fromkeys((*pages, *answer.nearest)))[:3]
        if question.kind == UNANSWERABLE:
            wrong += answer.is_answered
        else:
            first += bool(set(pages[:1]) & set(question.pages))
            among_three += answer.is_answered and bool(set(shown) & set(question.pages))
    answerable = sum(question.kind != UNANSWERABLE for question in asked)
    return Score(first / answerable, among_three / answerable, wrong / (len(asked) - answerable))


# What is reached, a little below it; the aims are 0.85, 0.95 and 0.05. A page that changes, or a
# translation, may need phrases or the odds fitted anew.
@pytest.mark.parametrize(
    ("is_held_back", "floor"),
    [
        (False, Score(0.87, 0.95, 0.13)),
        pytest.param(
            True,
            Score(0, 0, 1),
            marks=pytest.mark.skipif(
                "IONPORT_ASK_HELD_BACK" not in os.environ, reason="scored once, at the end"
            ),
        ),
    ],
    ids=["seen", "held back"],
)
def test_questions_find_their_page_and_others_are_refused(
    is_held_back: bool, floor: Score, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = [question for question in questions() if question.is_held_back is is_held_back]
    if not asked:
        pytest.skip("no question is held back until a new set is written")
    found = score(asked)
    with capsys.disabled():
        print(f"\n{len(asked)} questions: {found}")
    assert found.first >= floor.first
    assert found.among_three >= floor.among_three
    assert found.wrongly_answered <= floor.wrongly_answered


def test_excerpts_of_most_answers_have_the_sentence_that_was_asked_for() -> None:
    asked = [one for one in questions() if not one.is_held_back and one.sentence]
    found = 0
    for question in asked:
        shown = " ".join(block.text for block in manual().ask(question.text).excerpts)
        found += re.sub(r"\s+", " ", question.sentence) in re.sub(r"\s+", " ", shown)
    # Many questions are answered by several sentences, of which one is noted.
    assert found / len(asked) >= 0.48


def test_the_sentence_that_answers_stands_on_its_page() -> None:
    asked = [question for question in questions() if question.kind != UNANSWERABLE]
    moved = []
    for question in asked:
        assert set(question.pages) <= set(page_names())
        text = re.sub(r"\s+", " ", read_page(question.pages[0]).text)
        if re.sub(r"\s+", " ", question.sentence) not in text:
            moved.append(question.id)
    # Pages are written anew more often than this file.
    assert len(moved) <= len(asked) // 20, moved


def four_words_in_a_row(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", text.lower())
    return {tuple(words[at : at + 4]) for at in range(len(words) - 3)}


def test_no_question_has_four_words_in_a_row_of_its_answer() -> None:
    for question in questions():
        shared = four_words_in_a_row(question.text) & four_words_in_a_row(question.sentence)
        assert not shared, question.id


def test_answers_are_words_of_the_manual() -> None:
    for question in questions():
        if question.is_held_back:
            continue
        for block in manual().ask(question.text).excerpts:
            lines = {line.strip() for line in read_page(block.page).text.splitlines()}
            assert {line.strip() for line in block.text.splitlines()} <= lines


def test_the_longest_question_of_one_letter_is_answered_in_time() -> None:
    assert not manual().ask("x" * MAX_QUESTION).is_answered
    assert not manual().ask("é" * MAX_QUESTION).is_answered


def test_what_is_over_the_longest_question_is_not_read() -> None:
    question = "How do I revoke a refresh token?"
    assert manual().ask(question).is_answered
    assert not manual().ask(" " * MAX_QUESTION + question).is_answered


def test_a_name_with_an_underscore_is_asked_for_as_a_whole() -> None:
    answer = manual().ask("What does Document_Types mean?")
    assert "Document_Types" in answer.excerpts[0].text


def test_a_business_term_that_is_named_is_answered_by_its_rows() -> None:
    for question in ("BT-10 élément UBL", "Wo steht BT-10 in der CII-Datei?"):
        first, second = manual().ask(question).excerpts[:2]
        assert "| BT-10 | Buyer reference | Text | 0..1 |" in first.text
        assert "| BT-10 | Buyer reference | `cbc:BuyerReference` |" in second.text
        assert in_language(Answer(True, (second,), ()), "de").excerpts == (second,)


def test_a_code_of_a_program_that_the_manual_does_not_know_is_not_answered() -> None:
    assert manual().ask("How do I send an invoice to M3?").is_answered
    assert not manual().ask("How do I send an invoice to M3 with XYZ987?").is_answered


def test_a_phrase_leads_to_a_page_that_has_none_of_its_words() -> None:
    pages = [
        [ManualPage("users", "Users", "# Users\n\n**Disable** closes the account.")],
        [ManualPage("export", "Export", "# Export\n\n**Export** makes a delivery.")],
    ]
    question = "Wo ist das Schwarze Brett?"
    assert not Manual(pages).ask(question).is_answered
    asked = Manual(pages, {"users": ["schwarzes Brett"]}).ask(question)
    assert asked.is_answered
    assert asked.excerpts[0].page == "users"


def test_a_phrase_of_a_row_leads_to_this_row() -> None:
    table = "| asked for | there |\n|---|---|\n| Payment runs | no |\n| Key figures | no |\n"
    text = f"# Limits\n\n## What is missing\n\n{table}"
    page = ManualPage("limits", "Limits", text, anchors=("missing",))
    phrases = {"limits#missing|Key": ["schwarzes Brett"]}
    answer = Manual([[page]], phrases).ask("Wo ist das schwarze Brett?")
    assert answer.excerpts[0].text.endswith("| Key figures | no |")


def test_every_page_has_phrases_and_phrases_are_of_sections_that_are_there() -> None:
    sections = {f"{name}#{anchor}" for name in page_names() for anchor in read_page(name).anchors}
    asked = {key.partition("|")[0] for key in asked_phrases()}
    assert set(page_names()) <= asked <= {*page_names(), *sections}


def test_phrases_of_a_row_are_of_one_row_that_is_there() -> None:
    for key in asked_phrases():
        section, _, row = key.partition("|")
        if row:
            text = read_page(section.partition("#")[0]).text
            assert len(re.findall(rf"^\| {re.escape(row)}", text, re.MULTILINE)) == 1, key


def test_a_german_page_answers_in_its_own_words() -> None:
    english = ManualPage("users", "Users", "# Users\n\n**Disable** closes the account.")
    german = ManualPage("users", "Benutzer", "# Benutzer\n\n**Sperren** schließt das Konto.", "de")
    answer = Manual([[english, german]]).ask("Wer schließt ein Konto?")
    assert [block.text for block in answer.excerpts] == ["**Disable** closes the account."]


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("Benachrichtigungsordner", "ordner benachrichtigung"),
        ("introspecion endpoint", "introspection endpoint"),
        ("Mandantensperrung", "mandant sperrung"),
    ],
)
def test_compounds_and_words_typed_wrong_are_understood(asked: str, meant: str) -> None:
    vocabulary = manual().vocabulary
    understood = {term for word in vocabulary.meaning_of(asked).words for term in word.terms}
    assert understood & {term for word in vocabulary.meaning_of(meant).words for term in word.terms}


def test_german_and_french_words_are_compared_without_their_endings() -> None:
    assert root("rechnungen") == root("rechnung")
    assert root("abgeholt") == root("abholen") == root("abzuholen")
    assert root("televerses") == root("televerser") == root("televersez")
    assert root("journaux") == root("journal")
    assert root("niveaux") == root("niveau")


@pytest.mark.parametrize(
    ("question", "row"),
    [
        ("How do I park a vendor invoice in SAP?", "Using SAP, "),
        ("Wie sperre ich in M3 einen Artikel?", "Using M3 and LN themselves"),
        ("Quel taux de TVA pour un livre électronique ?", "Law and tax"),
        ("Welches Konto für eine geleistete Anzahlung?", "How something is booked"),
        ("What does an Infor LN licence cost?", "Prices, licences"),
        ("Qui paie les heures supplémentaires ?", "Staff and the work of a firm"),
        ("Can it read a scanned invoice?", "Text recognition (OCR)"),
    ],
)
def test_what_is_not_there_is_answered_by_the_row_that_says_so(question: str, row: str) -> None:
    first = manual().ask(question).excerpts[0]
    assert first.page == "when-not-to-use"
    assert first.text.splitlines()[-1].startswith(f"| {row}")


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_error_text_that_is_pasted_finds_the_row_that_tells_what_to_do(language: str) -> None:
    pages = [read_page(name, language) for name in ERRORS]
    blocks = list(enumerate(block for page in pages for block in blocks_of(page)))
    texts = QuotedTexts(blocks)
    rows = [block.text.splitlines()[-1] for _number, block in blocks]
    pasted = [
        text
        for row in rows
        if row.startswith("| ")
        for text in re.findall(r"(?<!\*)\*([^*]{12,})\*(?!\*)", row.split(" | ")[0])
        if len(text.split()) >= 3 and len(re.findall(r"\w+", text)) >= 4
    ]
    assert len(pasted) > 500
    for text in pasted:
        found = texts.find(f"Why does it say „{text}“?")
        assert found is not None, text
        # Two texts may have the same words.
        there = re.findall(r"(?<!\*)\*([^*]+)\*(?!\*)", rows[found])
        assert set(words_of(text)) in [set(words_of(each)) for each in there], (text, rows[found])


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_error_text_is_found_in_the_language_of_its_page(language: str) -> None:
    here, english = (
        next(row for row in read_page("errors-access", code).text.splitlines() if "| *" in row)
        for code in (language, "en")
    )
    first = manual().ask(here.split("*")[1]).excerpts[0]
    assert first.text.endswith(english)


def test_an_error_text_of_several_rows_shows_all_of_them() -> None:
    row = "| *The name is taken already.* | {} |\n"
    table = "| text | what to do |\n|---|---|\n" + row.format("rename it") + row.format("wait")
    answer = Manual([[ManualPage("errors", "Errors", f"# Errors\n\n{table}")]]).ask(
        "The name is taken already."
    )
    assert [block.text.split(" | ")[-1] for block in answer.excerpts] == ["rename it |", "wait |"]


def test_a_name_alone_is_asked_for_and_is_no_error_text() -> None:
    row = (
        "| no_order | holds | ionport | BT-13 | The purchase order that is confirmed is missing. |"
    )
    texts = QuotedTexts([(0, Block("rules", "Rules", "", "", row, 0))])
    assert texts.find("BT-13 ?") is None
    assert texts.find("The purchase order that is confirmed is missing.") == 0


def test_the_manual_is_indexed_once_however_many_ask_first(monkeypatch: pytest.MonkeyPatch) -> None:
    asking, made = Semaphore(0), list[Manual]()

    @cache
    def index() -> Manual:
        # Until every one of them asks.
        assert all(asking.acquire(timeout=10) for _ in range(3))
        made.append(Manual([], {}, None))
        return made[-1]

    def ask(_number: int) -> Manual:
        asking.release()
        return manual()

    monkeypatch.setattr("ionport.manual.answers._indexed", index)
    with ThreadPoolExecutor(3) as threads:
        assert [*threads.map(ask, range(3))] == made * 3
    assert len(made) == 1
