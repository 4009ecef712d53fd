"""A form whose fields depend on choices in it, such as the fields of the kind of a fault.

Another choice shows its fields at once; without a script a button does, and so does saving from a
view without them. Values without a shown field stay as they were before.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from starlette.datastructures import FormData

from ionport.web.forms.declared import FieldKind, Form
from ionport.web.forms.fields import text_of


@dataclass(frozen=True, slots=True)
class SentForm:
    """What was sent: the form with the fields of the choices in it, and the values of all.

    With `asks_for_fields` it is to be shown with these fields and not to be saved.
    """

    form: Form
    values: dict[str, str]
    asks_for_fields: bool


def sent_form(
    data: FormData,
    before: Mapping[str, str],
    form_of: Callable[[Mapping[str, str]], Form],
    choices: Collection[str],
) -> SentForm:
    """Read a form that `form_of` makes of the values of its `choices`.

    `before` has the values of the fields of every choice. The button of a field in `choices` sends
    `action` with the name of the field.
    """
    chosen = {name: text_of(data, name) for name in choices if name in data}
    form = form_of({**before, **chosen})
    asks = text_of(data, "action") in choices or form.lacks(data)
    switches = {field.name for field in form.fields if field.kind is FieldKind.SWITCH}
    sent = form.sent(data).items()
    told = {name: value for name, value in sent if name in data or name in switches}
    return SentForm(form, {**before, **told}, asks)
