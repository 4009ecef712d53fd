"""What the search learns from the phrases: the file of weights is of today's phrases, and small."""

from __future__ import annotations

from importlib import resources

from ionport.manual import page_names
from ionport.manual.learnt import (
    MOST_STEPS,
    OUTSIDE,
    STEP,
    WEIGHTS_FILE,
    digest_of,
    features_of,
    learnt,
    phrases_by_page,
    values_of,
    written,
)
from tools.ask_weights import learn


def test_the_weights_were_learnt_from_the_phrases_that_stand_there() -> None:
    found = digest_of((page, features_of(phrase)) for page, phrase in phrases_by_page())
    assert learnt().phrases == found, "run python -m tools.ask_weights"


def test_each_page_and_what_is_outside_have_weights_in_a_small_file() -> None:
    assert set(learnt().pages) == {*page_names(), OUTSIDE}
    text = resources.files("ionport.manual").joinpath(WEIGHTS_FILE).read_bytes()
    assert len(text) < 2_000_000


def test_phrases_lead_to_their_page() -> None:
    phrases = phrases_by_page()[::50]
    found = 0
    for page, phrase in phrases:
        judged = learnt().judge(phrase)
        likest = max(judged.pages, key=lambda each: judged.pages[each])
        found += page == (likest if judged.inside > 0 else OUTSIDE)
    # Some phrases are of several pages.
    assert found / len(phrases) >= 0.85


def test_words_of_a_page_are_told_from_those_of_others_and_of_what_is_outside() -> None:
    phrases = [(0, "close an account"), (1, "send an invoice"), (2, "weather tomorrow")]
    words = {word for _page, phrase in phrases for word in phrase.split()}
    rarities = dict.fromkeys(words, 1.0)
    examples = [
        (page, list(values_of(features_of(phrase), rarities, 1.0))) for page, phrase in phrases
    ]
    bases, weights = learn(examples, 3)
    for page, values in examples:
        scores = [
            base + sum(weights[feature][at] * value for feature, value in values)
            for at, base in enumerate(bases)
        ]
        assert max(range(3), key=lambda at: scores[at]) == page


def test_weights_are_written_as_steps_and_the_least_are_left_out() -> None:
    assert written(1.0, [0.0, STEP, -2 * STEP, 2 * STEP]) == ")#N$R"
    assert written(0.0, [1000.0]) == f"!!{chr(ord('P') + MOST_STEPS)}"


def test_what_the_manual_does_not_treat_is_told_from_what_it_does() -> None:
    assert learnt().judge("book a hotel").inside < 0 < learnt().judge("rotate a secret").inside
