"""The pages in all their languages as bags of terms: what a question is compared with.

A translated page has the same blocks as the English one, so a block is indexed with its words in
each language: English ones by stems, German and French ones by roots, which never meet stems. What
all blocks of a section have, its heading and its phrases, is kept once.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain

from ionport.manual import ManualPage
from ionport.manual.meaning import Vocabulary, Word
from ionport.manual.phrases import Phrases
from ionport.manual.ranking import Postings, Texts
from ionport.manual.sections import Block, blocks_of
from ionport.manual.terms import Terms

# What a word counts in the title of a page, the heading of a section, the first cell of a row, and
# the phrases of a section or a row, when it counts 1 in the text of a block.
_TITLE = 2.0
_HEADING = 2.0
_CELL = 1.0
_PHRASE = 1.5
# Pages whose rows begin with what nobody asks for: the ids of rules and terms.
_ID_CELLS = frozenset({"rules", "terms", "mapping-rules"})
# A first cell of more words is a sentence, and no name of what the row tells.
_LONGEST_CELL = 6
# The section of a phrase that stands on a page, as the name of a row.
_NO_SECTION = -1


class IndexedPages:
    """The blocks, titles and phrases of all pages, each to be asked for what speaks of a term."""

    def __init__(
        self,
        pages: Sequence[Sequence[ManualPage]],
        asked: Mapping[str, Sequence[str]],
    ) -> None:
        """Index pages, each in its languages, English first; `asked`: phrases by what they ask for.

        That is a page, a section as page#anchor, or a row of its tables as page#anchor|row, by the
        beginning of its first cell in English. `blocks` are the English ones, `versions` those of
        each language with their places there.
        """
        read = _Read(asked)
        for versions in pages:
            read.add(versions)
        self.names = [versions[0].name for versions in pages]
        self.blocks = read.blocks
        self.versions = read.versions
        self.page_of = [page for page, _section in read.places]
        self._own = _by_term(read.bags)
        self._above = _by_term(read.above)
        self._blocks_in: defaultdict[int, list[int]] = defaultdict(list)
        for number, (_page, section) in enumerate(read.places):
            self._blocks_in[section].append(number)
        self._phrase_in, self._phrase_on = read.phrase_in, read.phrase_on
        self.titles = Postings(read.titles)
        self.phrases = Phrases(read.phrases, read.phrase_on, len(pages), read.row_of)
        sizes = [
            sum(bag.values()) + read.sizes[section]
            for bag, (_page, section) in zip(read.bags, read.places, strict=True)
        ]
        self.texts = Texts(sizes, self._counts_in_blocks)
        asked_for = [0.0] * len(pages)
        for page, terms in zip(read.phrase_on, read.phrases, strict=True):
            asked_for[page] += len(terms)
        self.asked = Texts(asked_for, self._counts_in_phrases)
        self.vocabulary = Vocabulary(
            read.terms.words, read.terms.german, (self.texts, self.phrases.texts)
        )

    def grade_in_block(self, word: Word, number: int) -> float:
        """Return how well a block, its headings included, has a word: the best term's grade."""
        return _grade(word, lambda term: number in self.texts.having(term))

    def grade_in_text(self, word: Word, number: int) -> float:
        """Return how well the text of a block itself has a word."""
        return _grade(word, lambda term: number in self._own.get(term, ()))

    def _counts_in_blocks(self, term: str) -> Mapping[int, float]:
        """Return how much a term counts in each block that has it."""
        counts = dict(self._own.get(term, ()))
        above = dict(self._above.get(term, ()))
        for section in {self._phrase_in[phrase] for phrase in self.phrases.texts.having(term)}:
            above[section] = above.get(section, 0.0) + _PHRASE
        above.pop(_NO_SECTION, None)
        for section, count in above.items():
            for block in self._blocks_in[section]:
                counts[block] = counts.get(block, 0.0) + count
        return counts

    def _counts_in_phrases(self, term: str) -> Mapping[int, float]:
        """Return how many phrases of each page have a term."""
        return Counter(self._phrase_on[phrase] for phrase in self.phrases.texts.having(term))


class _Read:
    """What stands on the pages, one after the other.

    `places`: page and section of each block; `bags`: what the block itself says; `above`: what
    stands above the blocks of a section; `sizes`: the sum of the counts of that and of the
    section's phrases; `phrases`: their terms, of which `phrase_on` and `phrase_in` are page and
    section, which names that stand on a page have none of; `row_of`: the block, for those of a row.
    """

    def __init__(self, asked: Mapping[str, Sequence[str]]) -> None:
        self.terms = Terms()
        self.titles: list[frozenset[str]] = []
        self.versions: list[tuple[int, Block]] = []
        self.blocks: list[Block] = []
        self.places: list[tuple[int, int]] = []
        self.bags: list[Mapping[str, float]] = []
        self.above: list[Mapping[str, float]] = []
        self.sizes: list[float] = []
        self.phrases: list[Sequence[str]] = []
        self.phrase_on: list[int] = []
        self.phrase_in: list[int] = []
        self.row_of: dict[int, int] = {}
        self._asked = asked
        self._rows: defaultdict[str, list[tuple[str, Sequence[str]]]] = defaultdict(list)
        for key, phrases in asked.items():
            section, _, row = key.partition("|")
            if row:
                self._rows[section].append((row, phrases))

    def add(self, versions: Sequence[ManualPage]) -> None:
        """Read a page in its languages."""
        page = len(self.titles)
        self.titles.append(self.terms.of_title(versions))
        blocks = [list(blocks_of(version)) for version in versions]
        same = [
            (version.language, each)
            for version, each in zip(versions, blocks, strict=True)
            if len(each) == len(blocks[0])
        ]
        sections: dict[str, int] = {}
        for at, block in enumerate(blocks[0]):
            translated = [(language, each[at]) for language, each in same]
            if block.anchor not in sections:
                sections[block.anchor] = len(self.above)
                self._add_section(page, translated)
            self.versions += ((len(self.blocks), each) for _language, each in translated)
            self.blocks.append(block)
            self.places.append((page, sections[block.anchor]))
            bag: Counter[str] = Counter()
            for language, each in translated:
                bag.update(self.terms.of(language, each.text))
                cell = self.terms.of(language, _first_cell(each))
                bag.update(cell)
                if len(names := frozenset(cell)) <= _LONGEST_CELL:
                    self._add_phrases(page, _NO_SECTION, [tuple(names)])
            counts: dict[str, float] = dict(bag)
            _add(counts, self._add_phrases_of_row(page, block), _PHRASE)
            self.bags.append(counts)

    def _add_phrases_of_row(self, page: int, block: Block) -> frozenset[str]:
        """Read the phrases of a block that is a row, and return their terms."""
        cell = _first_cell(block)
        known = self._rows.get(f"{block.page}#{block.anchor}", ()) if cell else ()
        asked = [phrase for row, phrases in known if cell.startswith(row) for phrase in phrases]
        phrases = list(self.terms.of_phrases(asked))
        first = len(self.phrases)
        self._add_phrases(page, _NO_SECTION, phrases)
        number = len(self.blocks) - 1
        self.row_of.update(dict.fromkeys(range(first, len(self.phrases)), number))
        return frozenset(chain.from_iterable(phrases))

    def _add_section(self, page: int, translated: Sequence[tuple[str, Block]]) -> None:
        """Read what stands above the blocks of a section, of which the first is given."""
        above: dict[str, float] = {}
        headings: list[str] = []
        for language, each in translated:
            heading = self.terms.of(language, each.heading)
            headings += heading
            _add(above, heading, _HEADING)
            _add(above, self.terms.of(language, each.title), _TITLE)
        first = translated[0][1]
        key = f"{first.page}#{first.anchor}".removesuffix("#")
        phrases = list(self.terms.of_phrases(self._asked.get(key, ())))
        said = frozenset(chain.from_iterable(phrases))
        self._add_phrases(page, len(self.above), phrases)
        self._add_phrases(page, _NO_SECTION, [tuple(frozenset(headings))])
        self.above.append(above)
        self.sizes.append(sum(above.values()) + _PHRASE * len(said))

    def _add_phrases(self, page: int, section: int, phrases: Iterable[Sequence[str]]) -> None:
        known = [each for each in phrases if each]
        self.phrases += known
        self.phrase_on += [page] * len(known)
        self.phrase_in += [section] * len(known)


def _first_cell(block: Block) -> str:
    """Return the first cell of a block that is a row, or nothing."""
    row = block.text.splitlines()[-1]
    is_named = row.startswith("|") and block.page not in _ID_CELLS
    return row.strip("| ").partition(" | ")[0] if is_named else ""


def _by_term(bags: Sequence[Mapping[str, float]]) -> dict[str, dict[int, float]]:
    found: defaultdict[str, dict[int, float]] = defaultdict(dict)
    for number, bag in enumerate(bags):
        for term, count in bag.items():
            found[term][number] = count
    return dict(found)


def _grade(word: Word, is_in: Callable[[str], bool]) -> float:
    return max((grade for term, grade in word.terms.items() if is_in(term)), default=0.0)


def _add(bag: dict[str, float], terms: Iterable[str], weight: float) -> None:
    for term in terms:
        bag[term] = bag.get(term, 0.0) + weight
