"""A declared form reads, checks and shows each field from one list."""

from __future__ import annotations

import pytest
from starlette.datastructures import FormData

from ionport.core.errors import InvalidInput
from ionport.web.forms.declared import FieldKind, Form, FormField, Group, Slot
from ionport.web.rendering.templating import ENVIRONMENT

FORM = Form(
    [
        FormField("name", "Name", required=True, limit=10, help="Say it."),
        FormField("colour", "Colour", FieldKind.CHOICE, choices=[("r", "Red"), ("g", "Green")]),
        Group(
            "More",
            [
                FormField("size", "Size", FieldKind.CHOICE, choices=[("1", "One")], empty="None"),
                FormField("count", "Count", FieldKind.NUMBER),
                FormField("is_on", "On", FieldKind.SWITCH),
                FormField("text", "Text", FieldKind.LINES),
            ],
        ),
        FormField("file", "File", FieldKind.FILE),
        FormField("secret", "Secret", FieldKind.PASSWORD),
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


def test_a_value_that_counts_letter_by_letter_keeps_its_blanks() -> None:
    form = Form([FormField("body", "Body", FieldKind.LINES, exact=True)])
    assert form.sent(FormData([("body", "\r\n <a/> \r\n")])) == {"body": "\n <a/> \n"}


def test_ticked_scopes_and_written_ones_are_one_value() -> None:
    form = Form([FormField("scopes", "Scopes", FieldKind.SCOPES, choices=[("Infor-IDM", "IDM")])])
    sent = form.sent(
        FormData([("scope", "Infor-IDM"), ("scopes", "Acme-Orders Infor-IDM\nAcme-Stock")])
    )
    assert sent == {"scopes": "Infor-IDM\nAcme-Orders\nAcme-Stock"}
    page = shown(form, sent, {"scopes": "Not these."})
    assert 'value="Infor-IDM" checked' in page
    assert "Acme-Orders\nAcme-Stock</textarea>" in page
    assert page.count("Not these.") == 1


def test_a_choice_on_the_page_takes_what_was_offered_alone() -> None:
    form = Form([FormField("way", "Way", FieldKind.RADIO, choices=[("Open", "Anybody may call.")])])
    assert 'value="Open" checked' in shown(form, {"way": "Open"}, {})
    with pytest.raises(InvalidInput) as raised:
        form.check({"way": "Shut"})
    assert set(raised.value.fields) == {"way"}


def test_an_error_stands_beside_a_switch() -> None:
    page = shown(Form([FormField("is_on", "On", FieldKind.SWITCH)]), {}, {"is_on": "Not now."})
    assert page.count("Not now.") == 1
    assert 'id="is_on-error"' in page


def test_a_button_beside_a_field_sends_the_form_for_another_view_of_it() -> None:
    button = ("type", "Show its fields")
    for kind in (FieldKind.CHOICE, FieldKind.FILE):
        page = shown(Form([FormField("type", "Type", kind, button=button)]), {}, {})
        assert 'name="action" value="type" formnovalidate>Show its fields' in page


def test_the_page_fills_a_slot_whose_fields_are_read_like_the_others() -> None:
    form = Form(
        [
            Slot("before"),
            Group(
                "More", [Slot("amount", [FormField("amount", "", FieldKind.NUMBER)])], "About it."
            ),
        ]
    )
    assert form.sent(FormData([("amount", " 3 ")])) == {"amount": "3"}
    page = shown(form, {}, {"amount": "Too many.", "other": "Else."}, "[{{ slot }}{{ e.amount }}]")
    assert page.index("Else.") < page.index("[beforeToo many.]") < page.index("About it.")
    assert page.index("About it.") < page.index("[amountToo many.]")


def shown(form: Form, values: dict[str, str], errors: dict[str, str], slots: str = "") -> str:
    source = (
        '{% import "macros/forms.html" as forms with context %}'
        f"{{% call(slot) forms.declared(f, v, e) %}}{slots}{{% endcall %}}"
    )
    return ENVIRONMENT.from_string(source).render(f=form, v=values, e=errors)
