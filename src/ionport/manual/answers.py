"""Questions to the manual: answered by its own text, with the page. Nothing is made up.

Pages are compared with a question by what their blocks say in each language (BM25), by their titles
and by phrases with which people ask for them (`asked_en.tsv`), as they are and by what was learnt
from them. A question counts as answered when the foremost page and its foremost block speak of
enough of what it is about, and it is not like what people ask that the manual does not treat.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from threading import Lock

from ionport.manual import LANGUAGES, ManualPage, languages_of, page_names, read_page
from ionport.manual.indexed import IndexedPages
from ionport.manual.language import asked_phrases, folded, names_of
from ionport.manual.learnt import Judged, Learnt, learnt
from ionport.manual.meaning import Meaning, Vocabulary, Word
from ionport.manual.quoted import QuotedTexts
from ionport.manual.sections import Block, blocks_of, named_rows_of

MAX_QUESTION = 500
_EXCERPTS = 3
_NEAREST = 3
# What most people read, for a question that is far from every page.
_MOST_READ = ("the-walk", "troubleshooting", "when-not-to-use")
# The page that says what the manual does not tell; only it answers of a program that no page knows.
_DENIALS = "when-not-to-use"
# What it counts that a page's best block, its title, many of its phrases, and the likest of
# them speak of the question, and that the question is like its phrases by what was learnt. Fitted
# to the questions of the evaluation set (docs/decisions/0029).
_BLOCK = 0.81
_TITLE = 0.42
_ASKED = 0.6
_PHRASE = 0.37
_LEARNT = 0.88
# What a page counts more where the question is asked.
_HERE = 0.1
# What it counts for an excerpt that its text itself speaks of the question; so many of the foremost
# blocks are looked at for it, and those that are so good at least, by the first one.
_TEXT = 0.5
# The same for a row that its phrases are like the question.
_ROW = 1.0
_GOOD = 60
_FURTHER = 0.6
# How sure it is that a block answers, as the logarithm of the odds: by its score, by how much more
# the question is like phrases of a page than like those of what the manual does not treat, and by
# which part of the question it speaks of. Fitted together, with what must not be answered counting
# three times, and lowered by 0.35; beyond 0 it is an answer.
_ODDS = -2.56
_ODDS_BY_SCORE = 0.47
_ODDS_INSIDE = 2.07
_ODDS_IN_BLOCK = 4.16
# What a question asks for where nothing was learnt from phrases.
_UNKNOWN = Judged({}, 1.0)
# Without it each of those that ask first would index the manual, for seconds.
_indexing = Lock()


@dataclass(frozen=True, slots=True)
class Answer:
    """The manual's answer to a question.

    `excerpts`: the best first, whole blocks of Markdown; none unless `is_answered`. `nearest`:
    names of pages that are about something like it, and of the most read ones where none is.
    """

    is_answered: bool
    excerpts: tuple[Block, ...]
    nearest: tuple[str, ...]


class Manual:
    """The pages with their index; several threads may ask at once."""

    def __init__(
        self,
        pages: Sequence[Sequence[ManualPage]],
        asked: Mapping[str, Sequence[str]] | None = None,
        learnt: Learnt | None = None,
    ) -> None:
        """Index pages, each in its languages, English first; `asked`: phrases by page#anchor.

        `learnt`: what was learnt from these phrases.
        """
        self._pages = IndexedPages(pages, asked or {})
        self._learnt = learnt
        self._quoted = QuotedTexts(self._pages.versions)
        self._named: defaultdict[str, list[Block]] = defaultdict(list)
        for versions in pages:
            for name, row in named_rows_of(versions[0]):
                self._named[folded(name)].append(row)

    @property
    def vocabulary(self) -> Vocabulary:
        """The words of the pages and phrases."""
        return self._pages.vocabulary

    def ask(self, question: str, page: str | None = None) -> Answer:
        """Answer a question; `page`: where it is asked.

        What is over `MAX_QUESTION` characters is not read, whoever asks.
        """
        question = question[:MAX_QUESTION]
        meaning = self.vocabulary.meaning_of(question)
        judged = self._learnt.judge(question) if self._learnt else _UNKNOWN
        likenesses = self._pages.phrases.likenesses(meaning.words)
        scores = self._scores(meaning.words, judged, likenesses.of_pages, page)
        ranked = sorted(scores, key=scores.__getitem__, reverse=True)
        quoted = self._quoted.find_all(question)
        ranked = [*quoted, *(number for number in ranked if number not in quoted)]
        blocks = self._pages.blocks
        pages = [blocks[number].page for number in ranked] or _MOST_READ
        nearest = tuple(dict.fromkeys(pages))[:_NEAREST]
        if not ranked:
            return Answer(False, (), nearest)
        named = self._rows_named_in(question, pages[0])
        if not (named or quoted or self._answers(meaning, ranked[0], scores, judged)):
            return Answer(False, (), nearest)
        excerpts = self._excerpts(meaning, ranked, scores, likenesses.of_rows, quoted)
        return Answer(True, (*named, *excerpts)[:_EXCERPTS], nearest)

    def _rows_named_in(self, question: str, page: str) -> list[Block]:
        """Return the rows of a page of names, such as business terms, that a question names."""
        names = dict.fromkeys(names_of(folded(question)))
        rows = (row for name in names for row in self._named.get(name, ()))
        return [row for row in rows if row.page == page]

    def _excerpts(
        self,
        meaning: Meaning,
        ranked: Sequence[int],
        scores: Mapping[int, float],
        likenesses: Mapping[int, float],
        quoted: Sequence[int],
    ) -> tuple[Block, ...]:
        """Return the blocks to show: of the good ones those whose own text has most of the words.

        What was quoted comes first, else one of the foremost page; `likenesses`: how like the
        question is to phrases of rows.
        """
        best = scores.get(ranked[0], 0.0)
        least = min(best, _FURTHER * best)
        good = [number for number in ranked[:_GOOD] if scores.get(number, best) >= least]
        total = sum(word.weight for word in meaning.words) or 1.0

        def counts(number: int) -> float:
            words = meaning.words
            spoken = sum(word.weight * self._pages.grade_in_text(word, number) for word in words)
            asked = _ROW * likenesses.get(number, 0.0)
            return scores.get(number, best) + _TEXT * spoken / total + asked

        good.sort(key=lambda number: (-counts(number), number))
        page_of = self._pages.page_of
        of_page = (number for number in good if page_of[number] == page_of[ranked[0]])
        shown = dict.fromkeys((*(quoted or [next(of_page)]), *good))
        return tuple(self._pages.blocks[number] for number in shown)[:_EXCERPTS]

    def _scores(
        self,
        words: Sequence[Word],
        judged: Judged,
        likenesses: Sequence[float],
        here: str | None,
    ) -> dict[int, float]:
        """Return the blocks that have a word of the question: how much page and block are about it.

        `likenesses`: how like the question is to phrases of each page; `here`: the page where it
        is asked.
        """
        known = [word for word in words if word.terms]
        weight = sum(word.weight for word in known) or 1.0
        blocks: dict[int, float] = {}
        pages = [
            _PHRASE * likeness + _LEARNT * judged.pages.get(name, 0.0) + _HERE * (name == here)
            for name, likeness in zip(self._pages.names, likenesses, strict=True)
        ]
        for word in known:
            share = word.weight / weight
            for number, spoken in self._pages.texts.speak_of(word.terms).items():
                blocks[number] = blocks.get(number, 0.0) + share * spoken
            for number, grade in self._pages.titles.have(word.terms).items():
                pages[number] += _TITLE * share * grade
            for number, spoken in self._pages.asked.speak_of(word.terms).items():
                pages[number] += _ASKED * share * spoken
        page_of = self._pages.page_of
        return {at: pages[page_of[at]] + _BLOCK * spoken for at, spoken in blocks.items()}

    def _answers(
        self, meaning: Meaning, number: int, scores: Mapping[int, float], judged: Judged
    ) -> bool:
        """Tell whether a block answers a question: whether the odds are that it does."""
        page = self._pages.page_of[number]
        if meaning.has_unknown_code and self._pages.names[page] != _DENIALS:
            return False
        total = sum(word.weight for word in meaning.words)
        spoken = sum(
            word.weight * self._pages.grade_in_block(word, number) for word in meaning.words
        )
        odds = _ODDS + _ODDS_BY_SCORE * scores[number] + _ODDS_INSIDE * judged.inside
        return odds + _ODDS_IN_BLOCK * spoken / total > 0


def manual() -> Manual:
    """Return the manual of this version, indexed once, however many ask for it first."""
    with _indexing:
        return _indexed()


@cache
def _indexed() -> Manual:
    pages = [[read_page(name, each) for each in languages_of(name)] for name in page_names()]
    return Manual(pages, asked_phrases(), learnt())


def in_language(answer: Answer, language: str) -> Answer:
    """Return an answer in the words of the pages in a language: the same blocks of each page."""
    if language == LANGUAGES[0]:
        return answer
    excerpts = tuple(_translated(block, language) for block in answer.excerpts)
    return replace(answer, excerpts=excerpts)


def _translated(block: Block, language: str) -> Block:
    if block.number is None:
        return block
    blocks = _blocks(block.page, language)
    is_same = len(blocks) == len(_blocks(block.page, LANGUAGES[0]))
    return blocks[block.number] if is_same else block


@cache
def _blocks(name: str, language: str) -> tuple[Block, ...]:
    return tuple(blocks_of(read_page(name, language)))
