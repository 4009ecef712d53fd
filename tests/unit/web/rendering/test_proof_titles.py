"""The titles of a proof's stages, which are kept in English, on pages of other languages."""

from __future__ import annotations

import pytest

from ionport.connections.model import STAGES
from ionport.connections.targets import TARGET_TYPES
from ionport.core.i18n import gettext, speaking
from ionport.web.locales import speech_of

# Names of Infor, the same in each language.
_NAMES = {"Document Management (IDM)", "M3", "LN"}
_ALL = sorted(
    {title for _, title in (*STAGES, *(one for kind in TARGET_TYPES for one in kind.stages))}
)


@pytest.mark.parametrize("language", ["de", "fr"])
def test_every_title_is_in_the_language_of_the_page(language: str) -> None:
    with speaking(speech_of(language)):
        same = {title for title in _ALL if gettext(title) == title}
    assert same <= _NAMES


def test_an_english_page_has_them_as_they_are_kept() -> None:
    assert [gettext(title) for title in _ALL] == _ALL
