"""A form, declared once: its fields are read, checked, shown and shown again from one list.

A page makes its `Form` for each request, because labels are in the reader's language and choices
are the tenant's. `sent` reads what was typed, `check` refuses what no field of the page can send,
and the macro `declared` of `macros/forms.html` shows the fields with values and errors. Further
checks of values (lengths, missing and taken ones) are the service's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from starlette.datastructures import FormData

from ionport.core.errors import InvalidInput
from ionport.core.i18n import _
from ionport.web.forms.fields import is_on, lines_of, number_in, text_of
from ionport.web.forms.scope_choice import scopes_of

Member = TypeVar("Member", bound=StrEnum)


class FieldKind(StrEnum):
    """How a field is shown and read."""

    TEXT = "text"
    EMAIL = "email"
    # A new password. It is no value of the form: the handler reads it as a secret.
    PASSWORD = "password"  # noqa: S105 (a kind of input)
    LINES = "lines"
    NUMBER = "number"
    DATE = "date"
    CHOICE = "choice"
    # A choice whose values stand on the page, each with a text about it.
    RADIO = "radio"
    # Ticks for the scopes in `choices`, and a box for others; the value has one on each line.
    SCOPES = "scopes"
    SWITCH = "switch"
    FILE = "file"


_UNREAD = frozenset({FieldKind.FILE, FieldKind.PASSWORD})
_SENT_WHEN_ON = frozenset({FieldKind.FILE, FieldKind.RADIO, FieldKind.SCOPES, FieldKind.SWITCH})


@dataclass(frozen=True, slots=True)
class FormField:
    """A field: name in the form, label, kind, and its attributes for the browser.

    `limit` is the longest text in letters, 0 for none; `exact` keeps blanks at both ends; `choices`
    are value and label, `empty` the label of no choice; `rows` is the height of a field of several
    lines; `link` is an address and its text behind the help. `button` stands beside a choice or a
    file and sends the form for another view of it: the value of `action`, and the label; with
    `follows` a browser with scripts does that as soon as another choice is made, and shows no
    button. The cursor stands in the field with `autofocus` until something is wrong.
    """

    name: str
    label: str
    kind: FieldKind = FieldKind.TEXT
    required: bool = False
    limit: int = 0
    exact: bool = False
    help: str = ""
    link: tuple[str, str] | None = None
    placeholder: str = ""
    choices: Sequence[tuple[str, str]] = ()
    empty: str | None = None
    suggestions: Sequence[str] = ()
    rows: int = 3
    accept: str = ""
    inputmode: str = ""
    css_class: str = ""
    button: tuple[str, str] | None = None
    follows: bool = False
    autofocus: bool = False


@dataclass(frozen=True, slots=True)
class Slot:
    """A place where the page's own template shows something, maybe with fields."""

    slot: str
    members: Sequence[FormField] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """Fields in a box with a legend."""

    legend: str
    members: Sequence[FormField | Slot]
    help: str = ""


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of a form, in the order of the page."""

    parts: Sequence[FormField | Group | Slot]

    @property
    def fields(self) -> Iterator[FormField]:
        """Every field, those of groups and slots among them."""
        return _fields(self.parts)

    @property
    def names(self) -> list[str]:
        """The names of all fields."""
        return [field.name for field in self.fields]

    @property
    def has_files(self) -> bool:
        """Whether the form sends files, and so needs another encoding."""
        return any(field.kind is FieldKind.FILE for field in self.fields)

    def sent(self, data: FormData) -> dict[str, str]:
        """Return what was typed, by name: `on` for a switch, nothing for files and passwords."""
        return {
            field.name: _read(field, data) for field in self.fields if field.kind not in _UNREAD
        }

    def lacks(self, data: FormData) -> bool:
        """Tell whether the form was sent from a view of it without some of these fields.

        A switch and ticks that are off are not sent at all, so they do not count.
        """
        told = [one for one in self.fields if one.kind not in _SENT_WHEN_ON]
        return any(field.name not in data for field in told)

    def check(self, values: Mapping[str, str]) -> None:
        """Raise InvalidInput beside each choice that was not offered and each number that is none.

        An empty value of an optional field is no error.
        """
        errors = {
            field.name: text
            for field in self.fields
            if (text := _wrong(field, values.get(field.name, "")))
        }
        if errors:
            raise InvalidInput(next(iter(errors.values())), fields=errors)


def _fields(parts: Sequence[FormField | Group | Slot]) -> Iterator[FormField]:
    for part in parts:
        if isinstance(part, FormField):
            yield part
        else:
            yield from _fields(part.members)


def _read(field: FormField, data: FormData) -> str:
    if field.kind is FieldKind.SWITCH:
        return "on" if is_on(data, field.name) else ""
    if field.kind is FieldKind.SCOPES:
        return "\n".join(scopes_of(data))
    if field.exact:
        return lines_of(data, field.name)
    if field.kind is FieldKind.LINES:
        return lines_of(data, field.name).strip()
    return text_of(data, field.name)


def _wrong(field: FormField, value: str) -> str:
    if field.kind in (FieldKind.CHOICE, FieldKind.RADIO):
        offered = {choice for choice, _label in field.choices}
        if value not in offered and (value or field.empty is None):
            return _("Choose one of these.")
    if field.kind is FieldKind.NUMBER and (value or field.required) and number_in(value) is None:
        return _("Enter a whole number.")
    return ""


def choices_of(members: Mapping[Member, str]) -> list[tuple[str, str]]:
    """Return the choices of an enumeration with their labels."""
    return [(member.value, label) for member, label in members.items()]
