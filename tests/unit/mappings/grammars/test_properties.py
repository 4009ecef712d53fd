from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ionport.mappings.grammars.properties import parse_properties

_KEYS = st.from_regex(r"[A-Za-z_][A-Za-z0-9_.]{0,20}", fullmatch=True)
_VALUES = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=40)


def test_the_first_equals_sign_separates_and_blanks_are_dropped() -> None:
    properties = parse_properties("  IRF_IVQA = TF=quantity  \nSV_x=lid://a:b\nSV_sep=_ \n")
    assert properties.get("IRF_IVQA") == "TF=quantity"
    assert properties.get("SV_x") == "lid://a:b"
    assert properties.get("SV_sep") == "_"


def test_a_hash_comments_only_at_the_start_of_a_line() -> None:
    properties = parse_properties("# a=b\n  ## c=d\n#---#\ne=f # g\n! h=i\n")
    assert [line.key for line in properties] == ["e", "! h"]
    assert properties.get("e") == "f # g"


def test_nothing_is_escaped_and_no_line_continues() -> None:
    properties = parse_properties("p=a\\\\b\\\nq=c\n")
    assert properties.get("p") == "a\\\\b\\"
    assert properties.get("q") == "c"


def test_line_numbers_are_those_of_the_file_with_any_line_ends() -> None:
    for end in ("\n", "\r\n", "\r"):
        properties = parse_properties(end.join(["# x", "", "a=1", "b=2"]))
        assert (properties.line("a"), properties.line("b")) == (3, 4)


def test_lists_are_trimmed_without_types_empties_and_repeats() -> None:
    properties = parse_properties("L= a:STRING, b ,,c:STRING,a ,\n")
    assert properties.names("L") == ["a", "b", "c"]
    assert properties.names("absent") == []


def test_a_key_that_comes_twice_counts_last_and_is_reported() -> None:
    properties = parse_properties("a=1\nb=2\na=3\n")
    assert properties.get("a") == "3"
    assert properties.line("a") == 3
    assert [(line.key, line.line) for line in properties.duplicates] == [("a", 1)]


def test_keys_are_told_apart_by_case_and_empty_values_are_values() -> None:
    properties = parse_properties("SF_a=\nsf_a=x")
    assert properties.has("SF_a")
    assert properties.get("SF_a") == ""
    assert properties.get("sf_a") == "x"
    assert not properties.has("SF_A")


def test_what_is_no_line_of_the_grammar_is_reported_by_number() -> None:
    assert parse_properties("a=1\nnonsense\n=2\n").broken == (2, 3)


@given(st.dictionaries(_KEYS, _VALUES, max_size=12), st.sampled_from(["\n", "\r\n"]))
def test_what_is_written_is_read(entries: dict[str, str], end: str) -> None:
    text = "\ufeff" + end.join(f"{key} = {value}" for key, value in entries.items())
    properties = parse_properties(text)
    assert {line.key: line.value for line in properties} == {
        key: value.strip() for key, value in entries.items()
    }


@given(st.text(max_size=300))
def test_any_text_is_read_without_a_crash(text: str) -> None:
    properties = parse_properties(text)
    for line in (*properties, *properties.duplicates):
        assert line.key
        assert line.line >= 1
