"""A sentence is stored as template and parameters, and said in the language of who reads."""

from __future__ import annotations

import pickle

import pytest

from ionport.core.i18n import N_, _, ngettext, speaking
from ionport.core.sentences import (
    english,
    joined,
    parts_of,
    quoted,
    recalled,
    shortened,
    stored,
    told,
)
from ionport.ionapi.wording import joined as worded_joined
from ionport.ionapi.wording import worded
from ionport.web.locales import speech_of

_STEP = N_("IDM create")


def _failed() -> str:
    return _("Export through “{title}” failed at “{step}”: {reason}").format(
        title="Invoices",
        step=_(_STEP),
        reason=_("The log tells what; report it, then choose Retry."),
    )


def test_what_is_stored_in_one_language_is_read_in_another() -> None:
    with speaking(speech_of("de")):
        kept = stored(_failed())
        said = str(_failed())
    assert recalled(kept) == _failed()
    assert recalled(kept) != said
    with speaking(speech_of("de")):
        assert recalled(kept) == said
        assert english(recalled(kept)) != said
    with speaking(speech_of("fr")):
        assert recalled(kept) not in (said, english(recalled(kept)))


def test_programs_get_the_english_sentence_its_template_and_its_parameters() -> None:
    with speaking(speech_of("de")):
        text = recalled(stored(_failed()))
        assert english(text).startswith("Export through “Invoices” failed at “IDM create”: The log")
    parts = parts_of(text)
    assert parts is not None
    assert parts["template"] == "Export through “{title}” failed at “{step}”: {reason}"
    assert parts["parameters"]["title"] == "Invoices"
    assert parts["parameters"]["step"] == {"template": "IDM create"}
    assert parts_of("Supplier 99 does not exist") is None


def test_a_sentence_that_an_earlier_version_stored_is_still_shown() -> None:
    with speaking(speech_of("de")):
        assert recalled("Given up after 3 tries: no answer") == "Given up after 3 tries: no answer"
        # One without parameters has its own translation.
        assert recalled("The call broke off.") == _("The call broke off.") != "The call broke off."


@pytest.mark.parametrize(
    "text",
    ["", "Supplier {99} does not exist", '{"template": "no JSON', '{"template": "x"}', "100 %"],
)
def test_other_people_s_words_stay_as_they_came(text: str) -> None:
    with speaking(speech_of("de")):
        assert recalled(stored(text)) == text
        assert recalled(stored(quoted(text))) == text
        assert recalled(stored(_("{text} It changes nothing: {why}.").format(text=text, why="x")))


@pytest.mark.parametrize("value", ['{"template": "cut', '{"template": "{a}", "parameters": [1]}'])
def test_what_only_looks_like_a_stored_sentence_is_shown_as_it_is(value: str) -> None:
    assert recalled(value) == value


def test_names_in_a_sentence_are_not_translated() -> None:
    text = _("There is no folder {folder}.").format(folder="Documents")
    with speaking(speech_of("de")):
        assert _("Documents") != "Documents"
        assert "Documents" in told(text)


def test_a_number_decides_the_form_in_each_language() -> None:
    one = ngettext("{number} alert", "{number} alerts", 1).format(number=1)
    two = ngettext("{number} alert", "{number} alerts", 2).format(number=2)
    assert (one, two) == ("1 alert", "2 alerts")
    with speaking(speech_of("fr")):
        assert recalled(stored(one)) == ngettext("{number} alert", "{number} alerts", 1).format(
            number=1
        )
        assert recalled(stored(two)) != recalled(stored(one))


def test_joined_sentences_stay_sentences() -> None:
    text = joined(_failed(), "", _("The call broke off."))
    with speaking(speech_of("de")):
        assert told(text) == f"{told(_failed())} {_('The call broke off.')}"
    assert joined("", "") == ""
    assert joined("", _("The call broke off.")) == "The call broke off."


def test_how_a_value_is_written_is_kept() -> None:
    text = _("A number of seconds from 0 to {limit:.0f}.").format(limit=60.25)
    assert recalled(stored(text)) == "A number of seconds from 0 to 60."


def test_a_sentence_crosses_processes_and_is_cut_to_a_length() -> None:
    text = pickle.loads(pickle.dumps(_failed()))
    assert parts_of(text) == parts_of(_failed())
    assert shortened(text, 1_000) is text
    assert shortened(text, 6) == "Export"


def test_a_sentence_of_the_client_library_is_stored_and_said_alike() -> None:
    app = worded("the app {name}", name="{a} of {b}")
    sentence = worded_joined(worded("The file is empty."), app)
    moved = pickle.loads(pickle.dumps(sentence))
    assert moved == sentence == "The file is empty. the app {a} of {b}"
    assert recalled(stored(moved)) == sentence
    with speaking(speech_of("de")):
        assert recalled(stored(moved)) == told(sentence) == "Die Datei ist leer. die App {a} of {b}"
