"""Pages are set in processes with limits, from texts that are never read as markup."""

from __future__ import annotations

import io
import threading

import pikepdf
import pytest

from ionport.core.errors import InvalidInput
from ionport.core.typesetting.typesetter import Typesetter, _known, printable, typesetter

_HEAD = '#set text(font: ("Libertinus Serif", "DejaVu Sans Mono"))\n'
_TEXT = _HEAD + "#sys.inputs.text"
_FOR_EVER = "#for a in range(100000) { for b in range(100000) { } }"
_HUGE = "#let a = (1,) * 200000000\n#let b = a + a\n#b.len()"


@pytest.fixture
def own():
    made = Typesetter(processes=1)
    yield made
    made.close()


def test_every_sign_that_counts_as_printable_is_in_the_fonts_regular_and_bold() -> None:
    signs = "".join(sorted(_known()))
    source = _TEXT + "\n#strong(sys.inputs.text)"
    assert typesetter().pdf(source, {"text": " ".join(signs)}, 0).startswith(b"%PDF-")


def test_signs_without_a_glyph_stand_as_their_numbers() -> None:
    text = printable("Größe 中 a\u202eb\u200bc\n")
    assert text == "Größe U+4E2D  aU+202E bU+200B c\n"
    assert typesetter().pdf(_TEXT, {"text": text}, 0)


def test_the_same_text_gives_the_same_file() -> None:
    one, two = (typesetter().pdf(_TEXT, {"text": "a"}, 0) for _ in range(2))
    assert one == two


def test_text_is_never_read_as_markup_and_nothing_is_fetched() -> None:
    text = '#panic("x") *b* $x$ #import "@preview/cetz:0.3.0" <a> \\ #read("/etc/passwd")'
    with pikepdf.open(io.BytesIO(typesetter().pdf(_TEXT, {"text": text}, 0))) as pdf:
        assert len(pdf.pages) == 1
    for source in ('#import "@preview/cetz:0.3.0"', '#read("/etc/passwd")', '#read("../xml.py")'):
        with pytest.raises(InvalidInput) as caught:
            typesetter().pdf(source, {}, 0)
        assert caught.value.code == "page_not_set"


@pytest.mark.parametrize("source", [_FOR_EVER, _HUGE], ids=["time", "memory"])
def test_a_page_over_the_limits_takes_no_other_with_it(
    own: Typesetter, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ionport.core.typesetting.typesetter._SECONDS", 1)
    with pytest.raises(InvalidInput) as caught:
        own.pdf(source, {}, 0)
    assert caught.value.code == "page_not_set"
    assert own.pdf(_TEXT, {"text": "after it"}, 0).startswith(b"%PDF-")


def test_threads_share_the_processes() -> None:
    made: list[bytes] = []
    threads = [
        threading.Thread(target=lambda n=n: made.append(typesetter().pdf(_TEXT, {"text": n}, 0)))
        for n in "abcd"
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 4
