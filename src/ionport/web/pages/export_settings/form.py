"""The form of an export configuration: fields, uploads, existing files, own templates.

The files are read and linted first; then everything that one form brings (connection, mapping
files, configuration) is stored in one transaction: when one is refused, nothing is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias, TypeVar

from starlette.datastructures import FormData
from starlette.requests import Request

from ionport.connections.intake import PreparedConnection
from ionport.core.errors import Conflict, InvalidInput, TooLarge
from ionport.core.i18n import _
from ionport.core.paging import MAX_PER_PAGE, PageRequest
from ionport.documents.types import DOCUMENT_TYPES
from ionport.exports.configurations.model import ConfigurationFields, ExportConfiguration
from ionport.exports.destinations import destination_of
from ionport.exports.destinations.port import AMOUNT_SIGN, CREDIT_NOTE_REASON, MethodOption
from ionport.exports.model import ExportMethod
from ionport.identity.access import Access
from ionport.identity.model import Organization
from ionport.mappings.grammars.files import filled_template, has_template, template_values
from ionport.mappings.intake import PreparedMapping, prepare_mapping
from ionport.mappings.model import MappingKind, MappingVersion
from ionport.mappings.rendering.signs import AmountSign
from ionport.store import Work
from ionport.web.forms.declared import FieldKind, Form, FormField
from ionport.web.forms.fields import Upload, is_on, text_of, uploads_of
from ionport.web.pages.connections.connections import uploaded_credential
from ionport.web.services import documents_of
from ionport.web.state import organization_scope, visit_of

OWN_TEMPLATE = "template"
_PROPERTIES = ".properties,.toml,text/plain"
_ACCEPTED = dict.fromkeys(MappingKind, _PROPERTIES) | {
    MappingKind.XSLT: ".xsl,.xslt,application/xslt+xml,text/xml"
}

T = TypeVar("T")
NamedConnection: TypeAlias = tuple[str, PreparedConnection]
NamedMapping: TypeAlias = tuple[str, PreparedMapping]


@dataclass(frozen=True, slots=True)
class MappingBox:
    """The part of the form where a mapping file of a kind is uploaded or chosen."""

    name: str
    label: str
    options: list[tuple[str, str]]
    accept: str
    is_optional: bool


@dataclass(frozen=True, slots=True)
class FormChoices:
    """What the selects of the form offer: pairs of value and text."""

    document_types: list[tuple[str, str]]
    sub_organizations: list[tuple[str, str]]
    connections: list[tuple[str, str]]
    mappings: list[MappingBox]


def choices(request: Request, work: Work, method: ExportMethod) -> FormChoices:
    """Return what can be chosen for a method, at most 200 of each."""
    visit, scope = visit_of(request), organization_scope(request)
    page = PageRequest(per_page=MAX_PER_PAGE)
    destination = destination_of(method)
    connections = documents_of(request).connections.list(
        Access(work, scope, visit.actor), page, target=destination.target
    )
    files = documents_of(request).mappings
    mappings = []
    for kind in (*destination.mapping_kinds, *destination.optional_kinds):
        own = [(OWN_TEMPLATE, _("Template of ionport for the document type"))]
        found = files.list(work.within(scope), page, kind).items
        options = [*(own if has_template(kind) else ()), *((each.id, each.name) for each in found)]
        is_optional = kind in destination.optional_kinds
        mappings.append(
            MappingBox(mapping_field(kind), file_label(kind), options, _ACCEPTED[kind], is_optional)
        )
    return FormChoices(
        document_types=[(kind.id, kind.label) for kind in DOCUMENT_TYPES.values()],
        sub_organizations=[(sub.id, sub.name) for sub in sub_organizations(request, work)],
        connections=[(c.id, f"{c.name} · {c.place}") for c in connections.items],
        mappings=mappings,
    )


def sub_organizations(request: Request, work: Work) -> list[Organization]:
    """Return the sub-organizations of the user's organization."""
    identity = visit_of(request).services.identity
    return identity.list_sub_organizations(work.within(organization_scope(request)))


def template_defaults() -> dict[str, str]:
    """Return the values that our BOD template ships with, for the form's fields."""
    return template_values(MappingKind.BOD)


def values_of(configuration: ExportConfiguration) -> dict[str, str]:
    """Return a stored configuration as the values of its form."""
    return {
        **template_defaults(),
        "title": configuration.title,
        "document_type": configuration.document_type,
        "sub_organization": configuration.sub_organization_id or "",
        "connection": configuration.connection_id,
        **configuration.options,
        **{
            mapping_field(kind): pinned.mapping_id
            for kind, pinned in configuration.mappings.items()
        },
        "accepts_at_least_once": "on" if configuration.accepts_at_least_once else "",
    }


def file_label(kind: MappingKind) -> str:
    """Return the label of a mapping file's box."""
    return {
        MappingKind.IDM: _("IDM Mapping File"),
        MappingKind.BOD: _("BOD Mapping File"),
        MappingKind.M3: _("M3 Mapping File"),
        MappingKind.LN: _("LN Mapping File"),
        MappingKind.TOML: _("M3 Mapping File (TOML)"),
        MappingKind.XSLT: _("XSLT"),
    }.get(kind, kind.label)


def mapping_field(kind: MappingKind) -> str:
    """Return the name of the field that chooses a mapping file of a kind."""
    return f"{kind.value}_mapping"


def sent_values(form: FormData, method: ExportMethod) -> dict[str, str]:
    """Return what was sent, to be shown again beside the errors; files cannot be."""
    mappings = [mapping_field(kind) for kind in mapping_kinds_of(method)]
    names = ("title", "document_type", "sub_organization", "connection", *mappings)
    more = ("accepts_at_least_once", "reason", *template_defaults())
    return {name: text_of(form, name) for name in (*names, *more)} | sent_options(form, method)


def mapping_kinds_of(method: ExportMethod) -> tuple[MappingKind, ...]:
    """Return the kinds of mapping files that a method takes, the optional ones last."""
    destination = destination_of(method)
    return (*destination.mapping_kinds, *destination.optional_kinds)


def option_fields(method: ExportMethod) -> Form:
    """Return the fields of a method's options."""
    return _options(method, lambda option: option.is_switch or not option.is_name)


def name_fields(method: ExportMethod) -> Form:
    """Return the fields of names in the target."""
    return _options(method, lambda option: option.is_name and not option.is_switch)


def _options(method: ExportMethod, wanted: Callable[[MethodOption], bool]) -> Form:
    return Form([_option_field(each) for each in destination_of(method).options if wanted(each)])


def credit_note_fields(method: ExportMethod) -> Form:
    """Return the fields of a configuration's options about credit notes."""
    signs = [(sign.value, sign.label) for sign in AmountSign]
    help_text = _("No source tells what the target expects. Needed for credit notes alone.")
    fields = [
        FormField(
            AMOUNT_SIGN,
            _("Sign of a credit note's amounts"),
            FieldKind.CHOICE,
            choices=signs,
            empty=_("Not said"),
            help=help_text,
        )
    ]
    if MappingKind.BOD in destination_of(method).mapping_kinds:
        text = _(
            "The published document flow books every document as an invoice. Say why yours reads"
            " the document type."
        )
        reason = _("Reason to send credit notes over ION")
        fields.append(FormField(CREDIT_NOTE_REASON, reason, limit=500, help=text))
    return Form(fields)


def _option_field(option: MethodOption) -> FormField:
    if option.choices is not None:
        choices = list(option.choices())
        return FormField(
            option.name, option.label(), FieldKind.CHOICE, choices=choices, help=option.help()
        )
    return FormField(
        option.name,
        option.label(),
        FieldKind.SWITCH if option.is_switch else FieldKind.TEXT,
        help=option.help(),
        placeholder=option.default,
        inputmode="numeric" if option.pattern.startswith("[0-9]") else "",
        limit=0 if option.is_switch else 80 if option.is_name else 200,
    )


def sent_options(form: FormData, method: ExportMethod) -> dict[str, str]:
    """Return what was typed in the fields of options."""
    return (
        option_fields(method).sent(form)
        | name_fields(method).sent(form)
        | credit_note_fields(method).sent(form)
    )


@dataclass(frozen=True, slots=True)
class ReadFiles:
    """The files of the form, read and linted; a text is the id of a stored one instead."""

    connection: NamedConnection | str
    mappings: Mapping[MappingKind, NamedMapping | str]


def read_files(request: Request, method: ExportMethod) -> ReadFiles:
    """Read and lint the uploaded files; to be called outside a transaction.

    Raises:
        InvalidInput: names every file box with what is wrong with its file.
    """
    form = visit_of(request).form
    wrong: dict[str, str] = {}
    connection = _collect(wrong, "connection", lambda: _read_connection(form))
    mappings = {
        kind: _collect(wrong, mapping_field(kind), partial(_read_mapping, form, kind))
        for kind in mapping_kinds_of(method)
    }
    _refuse(form, wrong)
    return ReadFiles(connection or "", {kind: file or "" for kind, file in mappings.items()})


def store_files(
    request: Request, work: Work, method: ExportMethod, files: ReadFiles
) -> ConfigurationFields:
    """Keep the files and return the fields of the configuration that uses them.

    Raises:
        InvalidInput: names every file box whose file cannot be kept.
    """
    form = visit_of(request).form
    wrong: dict[str, str] = {}
    connection_id = _collect(wrong, "connection", lambda: _keep_connection(request, work, files))
    kept = {
        kind: _collect(wrong, mapping_field(kind), partial(_keep_mapping, request, work, file))
        for kind, file in files.mappings.items()
    }
    added = {kind: version for kind, version in kept.items() if version is not None}
    chosen = {kind: file for kind, file in files.mappings.items() if isinstance(file, str)}
    _refuse(form, wrong)
    return ConfigurationFields(
        title=text_of(form, "title"),
        document_type=text_of(form, "document_type"),
        method=method,
        connection_id=connection_id or "",
        mappings={**chosen, **{kind: version.mapping_id for kind, version in added.items()}},
        versions={kind: version.id for kind, version in added.items()},
        sub_organization_id=text_of(form, "sub_organization") or None,
        accepts_at_least_once=is_on(form, "accepts_at_least_once"),
        options=sent_options(form, method),
    )


def _refuse(form: FormData, wrong: dict[str, str]) -> None:
    if not wrong:
        return
    if not text_of(form, "title"):
        wrong["title"] = _("Give a title of 1 to 200 characters.")
    raise InvalidInput(_("Correct the marked fields, and choose the files again."), fields=wrong)


def _collect(wrong: dict[str, str], field: str, step: Callable[[], T]) -> T | None:
    try:
        return step()
    except InvalidInput as error:
        # An error that names a template's own field stays there.
        named = {name: text for name, text in error.fields.items() if name in template_defaults()}
        wrong.update(named or {field: error.text})
    except (TooLarge, Conflict) as error:
        wrong[field] = error.text
    return None


def _read_connection(form: FormData) -> NamedConnection | str:
    return uploaded_credential(form) or text_of(form, "connection")


def _read_mapping(form: FormData, kind: MappingKind) -> NamedMapping | str:
    field = mapping_field(kind)
    upload = _one_upload(form, f"{field}_file")
    chosen = text_of(form, field)
    if upload is None and chosen != OWN_TEMPLATE:
        return chosen
    if upload is None:
        values = {name: text_of(form, name) for name in template_defaults()}
        upload = Upload(*filled_template(kind, values, text_of(form, "document_type")))
    return upload.filename, prepare_mapping(upload.content, kind)


def _keep_connection(request: Request, work: Work, files: ReadFiles) -> str:
    if isinstance(files.connection, str):
        return files.connection
    visit, scope = visit_of(request), organization_scope(request)
    service = documents_of(request).connections
    return service.upload(Access(work, scope, visit.actor), *files.connection).id


def _keep_mapping(request: Request, work: Work, file: NamedMapping | str) -> MappingVersion | None:
    """Return the version that an uploaded file has become; None for a file that was chosen."""
    if isinstance(file, str):
        return None
    visit, scope = visit_of(request), organization_scope(request)
    return documents_of(request).mappings.add(Access(work, scope, visit.actor), *file)


def _one_upload(form: FormData, name: str) -> Upload | None:
    uploads = uploads_of(form, name)
    return uploads[0] if uploads else None
