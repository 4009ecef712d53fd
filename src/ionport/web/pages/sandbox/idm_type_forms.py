"""Infor side: the forms of IDM's document types, their attributes and their ACLs."""

from __future__ import annotations

from collections.abc import Mapping

from ionport.core.errors import InvalidInput
from ionport.core.i18n import _
from ionport.sandbox.idm.datamodel.attribute_types import AttributeType
from ionport.sandbox.idm.datamodel.model import AttributeDefinition, describe
from ionport.web.forms.declared import FieldKind, Form, FormField
from ionport.web.forms.fields import number_in


def new_type() -> Form:
    """Return the form of a new document type."""
    return Form(
        [
            *_named(
                _(
                    "As clients write it into entityName, such as Purchase_Order. It cannot be"
                    " changed later."
                )
            ),
            FormField(
                "needs_acl", _("No default ACL"), FieldKind.SWITCH,
                help=_("An item that names no ACL is refused. Off, it gets the ACL Public."),
            ),
        ]
    )  # fmt: skip


def _named(help_text: str) -> list[FormField]:
    return [
        FormField("name", _("Name"), required=True, limit=100, help=help_text, autofocus=True),
        FormField("description", _("Description"), limit=200),
    ]


def new_attribute() -> Form:
    """Return the form of a new attribute."""
    types = [(type_.value, f"{type_.value} · {describe(type_)}") for type_ in AttributeType]
    return Form(
        [
            *_named(_("As mapping files and queries write it; capital letters matter.")),
            FormField("type", _("Type"), FieldKind.CHOICE, required=True, choices=types),
            FormField(
                "is_required", _("Required"), FieldKind.SWITCH,
                help=_("An item without a value is refused."),
            ),
            FormField(
                "is_unique", _("Unique"), FieldKind.SWITCH,
                help=_("A second item with the same value is refused."),
            ),
            FormField(
                "is_searchable", _("Searchable"), FieldKind.SWITCH,
                help=_("Off, a search that asks for it is refused."),
            ),
            FormField(
                "max_length", _("Length"), limit=6, inputmode="numeric",
                help=_("How many letters a value may have; empty for no limit of its own."),
            ),
            FormField(
                "values", _("List of values"), FieldKind.LINES,
                help=_("One on each line; empty when any value may stand there."),
            ),
            FormField(
                "default", _("Default"), help=_("The value of a new item that brings none.")
            ),
        ]
    )  # fmt: skip


def new_acl() -> Form:
    """Return the form of a new ACL."""
    return Form(_named(_("As clients write it into acl.name.")))


def definition_of(values: Mapping[str, str]) -> AttributeDefinition:
    """Return the attribute of the form; raises InvalidInput."""
    try:
        type_ = AttributeType(values["type"])
    except ValueError as error:
        text = _("Choose a type.")
        raise InvalidInput(text, fields={"type": text}) from error
    length = number_in(values["max_length"])
    if length is None and values["max_length"]:
        text = _("A whole number, or nothing.")
        raise InvalidInput(text, fields={"max_length": text})
    return AttributeDefinition(
        name=values["name"],
        description=values["description"],
        type=type_,
        default=values["default"],
        is_required=bool(values["is_required"]),
        is_unique=bool(values["is_unique"]),
        is_searchable=bool(values["is_searchable"]),
        max_length=length,
        values=tuple(line.strip() for line in values["values"].splitlines() if line.strip()),
    )
