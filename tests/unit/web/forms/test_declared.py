"""A declared form reads, checks and shows each field from one list."""

from __future__ import annotations

import pytest
from starlette.datastructures import FormData

from ionport.core.errors import InvalidInput
from ionport.web.forms.declared import Form, FormField, Group, Kind
from ionport.web.rendering.templating import ENVIRONMENT

FORM = Form(
    [
        FormField("name", "Name", required=True, limit=10, help="Say it."),
        FormField("colour", "Colour", Kind.CHOICE, choices=[("r", "Red"), ("g", "Green")]),
        Group(
            "More",
            [
                FormField("size", "Size", Kind.CHOICE, choices=[("1", "One")], empty="None"),
                FormField("count", "Count", Kind.NUMBER),
                FormField("is_on", "On", Kind.SWITCH),
                FormField("text", "Text", Kind.LINES),
            ],
        ),
        FormField("file", "File", Kind.FILE),
        FormField("secret", "Secret", Kind.PASSWORD),
    ]
)
GOOD = {"name": "a", "colour": "r", "size": "", "count": "", "is_on": "", "text": ""}


def _shown(values: dict[str, str], errors: dict[str, str]) -> str:
    source = '{% import "macros/forms.html" as forms with context %}{{ forms.declared(f, v, e) }}'
    return ENVIRONMENT.from_string(source).render(f=FORM, v=values, e=errors)


def test_what_was_typed_is_read_by_kind() -> None:
    data = FormData(
        [("name", " a "), ("text", "one\r\ntwo\r\n"), ("is_on", "on"), ("stranger", "x")]
    )
    values = FORM.sent(data)
    assert values == {**GOOD, "colour": "", "is_on": "on", "text": "one\ntwo"}


def test_a_good_form_passes() -> None:
    FORM.check(GOOD)
    FORM.check({**GOOD, "size": "1", "count": "999999999", "is_on": "on"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("colour", "blue"),
        ("colour", ""),
        ("size", "2"),
        ("count", "-1"),
        ("count", "²"),
        ("count", "1" * 10),
    ],
)
def test_what_was_not_offered_is_told_beside_its_field(name: str, value: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        FORM.check({**GOOD, name: value})
    assert set(raised.value.fields) == {name}


def test_every_field_is_shown_with_its_value_and_its_error() -> None:
    values = {**GOOD, "name": "<b>", "colour": "g", "is_on": "on", "text": "x\ny"}
    page = _shown(values, {"colour": "Not that one.", "other": "Something else."})
    assert page.count("Not that one.") == 1
    assert page.index("Something else.") < page.index('id="name"')
    for part in (
        'value="&lt;b&gt;"',
        'maxlength="10"',
        '<option value="g" selected>Green</option>',
        '<option value="">None</option>',
        'type="number" id="count"',
        "<legend>More</legend>",
        'type="file" id="file"',
        "x\ny</textarea>",
        'aria-describedby="colour-error"',
    ):
        assert part in page, part
    for name in FORM.names:
        assert page.count(f'id="{name}"') == 1


def test_a_password_is_neither_a_value_nor_shown_again() -> None:
    assert "secret" not in FORM.sent(FormData([("secret", "planted-secret")]))
    shown = _shown({**GOOD, "secret": "planted-secret"}, {})
    assert "planted-secret" not in shown
    assert 'type="password"' in shown
    assert 'autocomplete="new-password"' in shown
