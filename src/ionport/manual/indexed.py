"""The pages in all their languages as bags of terms: what a question is compared with.

A translated page has the same blocks as the English one, so a block is indexed with its words in
each language: English ones by stems, German and French ones by roots, which never meet stems.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterator, Mapping, Sequence

from ionport.manual import LANGUAGES, ManualPage
from ionport.manual.language import is_empty_word, root, stem, words_of
from ionport.manual.meaning import Vocabulary, Word
from ionport.manual.phrases import Phrases
from ionport.manual.ranking import Texts
from ionport.manual.sections import Block, blocks_of

# What a word counts in the title of a page, the heading of a section, the first cell of a row, and
# the phrases of a section, when it counts 1 in the text of a block.
_TITLE = 2.0
_HEADING = 2.0
_CELL = 1.0
_PHRASE = 1.5
# Pages whose rows begin with what nobody asks for: the ids of rules and terms.
_ID_CELLS = frozenset({"rules", "terms", "mapping-rules"})
# A first cell of more words is a sentence, and no name of what the row tells.
_LONGEST_CELL = 6


class IndexedPages:
    """The blocks, titles and phrases of all pages, each to be asked for what speaks of a term."""

    def __init__(
        self,
        pages: Sequence[Sequence[ManualPage]],
        asked: Mapping[str, Sequence[str]],
    ) -> None:
        """Index pages, each in its languages, English first; `asked`: phrases by page#anchor."""
        self._words: Counter[str] = Counter()
        self._german: set[str] = set()
        self._names: dict[tuple[str, str], Counter[str]] = {}
        self.names = [versions[0].name for versions in pages]
        self.blocks: list[Block] = []
        self.page_of: list[int] = []
        self._bags: list[dict[str, float]] = []
        self._inside: list[frozenset[str]] = []
        phrases: list[tuple[int, frozenset[str]]] = []
        titles = []
        for number, versions in enumerate(pages):
            titles.append(self._title_of(versions))
            phrases += [(number, each) for each in self._page(versions, asked) if each]
            self.page_of += [number] * (len(self.blocks) - len(self.page_of))
        self.texts = Texts(self._bags)
        self.titles = Texts(titles)
        self.phrases = Phrases(phrases, len(pages))
        asked_terms: list[dict[str, float]] = [{} for _page in pages]
        for page, each in phrases:
            _add(asked_terms[page], dict.fromkeys(each, 1.0), 1.0)
        self.asked = Texts(asked_terms)
        self._on_pages: list[set[str]] = [set(each) for each in asked_terms]
        for at, bag in zip(self.page_of, self._bags, strict=True):
            self._on_pages[at].update(bag)
        self.vocabulary = Vocabulary(
            self._words, frozenset(self._german), (self.texts, self.phrases.texts)
        )

    def grade_in_block(self, word: Word, number: int) -> float:
        """Return how well a block, its headings included, has a word: the best term's grade."""
        return _grade(word, self._bags[number])

    def grade_in_text(self, word: Word, number: int) -> float:
        """Return how well the text of a block itself has a word."""
        return _grade(word, self._inside[number])

    def grade_on_page(self, word: Word, number: int) -> float:
        """Return how well a page or one of its phrases has a word, or 0."""
        return _grade(word, self._on_pages[number])

    def _page(
        self, versions: Sequence[ManualPage], asked: Mapping[str, Sequence[str]]
    ) -> Iterator[frozenset[str]]:
        """Index the blocks of a page; yield its phrases, each as its terms."""
        page = versions[0]
        blocks = [list(blocks_of(version)) for version in versions]
        same = [
            (version.language, each)
            for version, each in zip(versions, blocks, strict=True)
            if len(each) == len(blocks[0])
        ]
        sections: dict[str, dict[str, float]] = {}
        for at, block in enumerate(blocks[0]):
            bag: dict[str, float] = {}
            texts = [self._bag(language, each[at].text) for language, each in same]
            self._inside.append(frozenset().union(*texts))
            for text in texts:
                _add(bag, text, 1.0)
            for language, each in same:
                yield from self._add_names(bag, language, each[at])
            if block.anchor not in sections:
                key = f"{page.name}#{block.anchor}".removesuffix("#")
                phrases = [self._terms_of(phrase) for phrase in asked.get(key, ())]
                yield from phrases
                sections[block.anchor] = dict.fromkeys(frozenset().union(*phrases), _PHRASE)
                headings = (self._name(language, each[at].heading) for language, each in same)
                yield frozenset().union(*headings)
            _add(bag, sections[block.anchor], 1.0)
            self.blocks.append(block)
            self._bags.append(bag)

    def _add_names(
        self, bag: dict[str, float], language: str, block: Block
    ) -> Iterator[frozenset[str]]:
        """Add what stands above a block in a language to its bag; yield the name of its row."""
        _add(bag, self._name(language, block.heading), _HEADING)
        _add(bag, self._name(language, block.title), _TITLE)
        row = block.text.splitlines()[-1]
        if row.startswith("|") and block.page not in _ID_CELLS:
            cell = self._bag(language, row.strip("| ").partition(" | ")[0])
            _add(bag, cell, _CELL)
            if len(cell) <= _LONGEST_CELL:
                yield frozenset(cell)

    def _title_of(self, versions: Sequence[ManualPage]) -> Mapping[str, float]:
        terms = self._bag(LANGUAGES[0], versions[0].name.replace("-", " "))
        for version in versions:
            terms += self._bag(version.language, version.title)
        return dict.fromkeys(terms, 1.0)

    def _bag(self, language: str, text: str) -> Counter[str]:
        words = self._content(text)
        if language == "de":
            self._german.update(word for word in words if word.isalpha())
        return Counter(map(stem if language == LANGUAGES[0] else root, words))

    def _name(self, language: str, text: str) -> Counter[str]:
        """Return the bag of a title or heading, which many blocks share."""
        if (language, text) not in self._names:
            self._names[language, text] = self._bag(language, text)
        return self._names[language, text]

    def _terms_of(self, phrase: str) -> frozenset[str]:
        """Return what stands in a phrase of any language: stems and roots."""
        words = self._content(phrase)
        return frozenset(map(stem, words)) | frozenset(map(root, words))

    def _content(self, text: str) -> list[str]:
        words = [word for word in words_of(text) if not is_empty_word(word)]
        self._words.update(words)
        return words


def _grade(word: Word, terms: Container[str]) -> float:
    return max((grade for term, grade in word.terms.items() if term in terms), default=0.0)


def _add(bag: dict[str, float], terms: Mapping[str, float], weight: float) -> None:
    for term, count in terms.items():
        bag[term] = bag.get(term, 0.0) + weight * count
