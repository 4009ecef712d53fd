from __future__ import annotations

import time

import pytest

from ionport.core.errors import InvalidInput
from ionport.gateway.suites.yaml_reader import MAX_DEPTH, read_yaml


def test_plain_values_are_read_as_json_has_them() -> None:
    text = "a: yes\nb: true\nc: ~\nd: 012\ne: 1e3\nf: 2020-01-01\ng: '7'\n200: {h: 0x1f}\ni: 1:30"
    assert read_yaml(text) == {
        "a": "yes",
        "b": True,
        "c": None,
        "d": 12,
        "e": 1000.0,
        "f": "2020-01-01",
        "g": "7",
        200: {"h": "0x1f"},
        "i": "1:30",
    }


def test_anchors_and_merges_are_followed() -> None:
    text = "base: &base {type: string, maxLength: 3}\nname: {<<: *base, maxLength: 5}\nsame: *base"
    found = read_yaml(text)
    assert found["name"] == {"type": "string", "maxLength": 5}
    assert found["same"] == {"type": "string", "maxLength": 3}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [1,\nb: }", "line 2, column 4"),
        ("a: \x07", "This is no YAML"),
        ("--- 1\n--- 2", "another document"),
        ("a: *nobody", "stands for nothing"),
        ("a: &a [*a]", "stands for nothing"),
        ("? [1]\n: 2", "unhashable"),
        ("a: !!int many", "number"),
        ("[" * (MAX_DEPTH + 1), "nested too deeply"),
    ],
)
def test_what_is_no_yaml_is_told_with_its_place(text: str, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        read_yaml(text)


def test_tags_build_no_objects() -> None:
    assert read_yaml("a: !!python/object/apply:os.getpid ''") == {"a": ""}
    assert read_yaml("a: !!timestamp 2020-01-01") == {"a": "2020-01-01"}


def test_a_bomb_of_aliases_is_refused_before_it_is_built() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    begun = time.thread_time()
    with pytest.raises(InvalidInput, match="too large"):
        read_yaml("\n".join(lines))
    assert time.thread_time() - begun < 2


def test_a_long_text_counts_each_time_it_is_repeated() -> None:
    text = f"a: &a {'x' * 100_000}\nb: [{', '.join(['*a'] * 100)}]"
    with pytest.raises(InvalidInput, match="too large"):
        read_yaml(text)
