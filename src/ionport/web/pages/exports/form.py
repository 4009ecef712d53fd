"""The form of an export configuration: fields, uploads, existing files, own templates.

The files are read and linted first; then everything that one form brings (connection, mapping
files, configuration) is stored in one transaction: when one is refused, nothing is kept.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from starlette.datastructures import FormData
from starlette.requests import Request

from ionport.connections.intake import PreparedConnection, prepare_connection
from ionport.core.errors import Conflict, InvalidInput, TooLarge
from ionport.core.i18n import _
from ionport.core.paging import MAX_PER_PAGE, PageRequest
from ionport.documents.types import DOCUMENT_TYPES
from ionport.exports.configurations.model import ConfigurationFields, ExportConfiguration
from ionport.exports.model import ExportMethod
from ionport.identity.model import Organization
from ionport.mappings.files import own_template
from ionport.mappings.intake import PreparedMapping, prepare_mapping
from ionport.mappings.model import MappingKind
from ionport.store import Work
from ionport.web.forms.fields import Upload, is_on, text_of, uploads_of
from ionport.web.services import documents_of
from ionport.web.state import organization_scope, visit_of

OWN_TEMPLATE = "template"
# What an administrator adapts in our templates, and the line that it stands in.
_TEMPLATE_FIELDS = {"logical_id": "SFV_LogicalID", "accounting_entity": "SFV_AccountingEntityID"}
_ONE_LINE = re.compile(r"[!-~]{1,250}")

T = TypeVar("T")
NamedConnection: TypeAlias = tuple[str, PreparedConnection]
NamedMapping: TypeAlias = tuple[str, PreparedMapping]


@dataclass(frozen=True, slots=True)
class FormChoices:
    """What the selects of the form offer: pairs of value and text."""

    document_types: list[tuple[str, str]]
    sub_organizations: list[tuple[str, str]]
    connections: list[tuple[str, str]]
    idm_mappings: list[tuple[str, str]]
    bod_mappings: list[tuple[str, str]]


def choices(request: Request, work: Work) -> FormChoices:
    """Return what can be chosen, at most 200 of each."""
    visit, scope = visit_of(request), organization_scope(request)
    page = PageRequest(per_page=MAX_PER_PAGE)
    connections = documents_of(request).connections.list(work, scope, visit.actor, page)
    mappings = documents_of(request).mappings
    own = (OWN_TEMPLATE, _("Template of ionport for invoices to M3"))
    return FormChoices(
        document_types=[(kind.id, kind.label) for kind in DOCUMENT_TYPES.values()],
        sub_organizations=[(sub.id, sub.name) for sub in sub_organizations(request, work)],
        connections=[(c.id, f"{c.name} · {c.tenant_id}") for c in connections.items],
        idm_mappings=[
            own,
            *((m.id, m.name) for m in mappings.list(work, scope, page, MappingKind.IDM).items),
        ],
        bod_mappings=[
            own,
            *((m.id, m.name) for m in mappings.list(work, scope, page, MappingKind.BOD).items),
        ],
    )


def sub_organizations(request: Request, work: Work) -> list[Organization]:
    """Return the sub-organizations of the user's organization."""
    identity = visit_of(request).services.identity
    return identity.list_sub_organizations(work, organization_scope(request))


def template_defaults() -> dict[str, str]:
    """Return the values that our BOD template ships with, for the form's fields."""
    text = own_template(MappingKind.BOD)[1].decode()
    found = {
        field: re.search(rf"(?m)^{key}=(.*)$", text) for field, key in _TEMPLATE_FIELDS.items()
    }
    return {field: match[1].strip() if match else "" for field, match in found.items()}


def values_of(configuration: ExportConfiguration) -> dict[str, str]:
    """Return a stored configuration as the values of its form."""
    return {
        **template_defaults(),
        "title": configuration.title,
        "document_type": configuration.document_type,
        "sub_organization": configuration.sub_organization_id or "",
        "connection": configuration.connection_id,
        "idm_mapping": configuration.idm_mapping_id,
        "bod_mapping": configuration.bod_mapping_id or "",
        "accepts_at_least_once": "on" if configuration.accepts_at_least_once else "",
    }


def sent_values(form: FormData) -> dict[str, str]:
    """Return what was sent, to be shown again beside the errors; files cannot be."""
    names = ("title", "document_type", "sub_organization", "connection", "idm_mapping")
    more = ("bod_mapping", "accepts_at_least_once", "reason", *_TEMPLATE_FIELDS)
    return {name: text_of(form, name) for name in (*names, *more)}


@dataclass(frozen=True, slots=True)
class ReadFiles:
    """The files of the form, read and linted; a text is the id of a stored one instead."""

    connection: NamedConnection | str
    idm_mapping: NamedMapping | str
    bod_mapping: NamedMapping | str


def read_files(request: Request, method: ExportMethod) -> ReadFiles:
    """Read and lint the uploaded files; to be called outside a transaction.

    Raises:
        InvalidInput: names every file box with what is wrong with its file.
    """
    form = visit_of(request).form
    wrong: dict[str, str] = {}
    connection = _collect(wrong, "connection", lambda: _read_connection(form))
    idm = _collect(wrong, "idm_mapping", lambda: _read_mapping(form, MappingKind.IDM))
    bod: NamedMapping | str | None = ""
    if method.needs_bod_mapping:
        bod = _collect(wrong, "bod_mapping", lambda: _read_mapping(form, MappingKind.BOD))
    _refuse(form, wrong)
    return ReadFiles(connection or "", idm or "", bod or "")


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
    idm_mapping_id = _collect(
        wrong, "idm_mapping", lambda: _keep_mapping(request, work, files.idm_mapping)
    )
    bod_mapping_id = _collect(
        wrong, "bod_mapping", lambda: _keep_mapping(request, work, files.bod_mapping)
    )
    _refuse(form, wrong)
    return ConfigurationFields(
        title=text_of(form, "title"),
        document_type=text_of(form, "document_type"),
        method=method,
        connection_id=connection_id or "",
        idm_mapping_id=idm_mapping_id or "",
        bod_mapping_id=bod_mapping_id or None,
        sub_organization_id=text_of(form, "sub_organization") or None,
        accepts_at_least_once=is_on(form, "accepts_at_least_once"),
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
        named = {name: text for name, text in error.fields.items() if name in _TEMPLATE_FIELDS}
        wrong.update(named or {field: error.text})
    except (TooLarge, Conflict) as error:
        wrong[field] = error.text
    return None


def _read_connection(form: FormData) -> NamedConnection | str:
    upload = _one_upload(form, "connection_file")
    if upload is None:
        return text_of(form, "connection")
    return upload.filename, prepare_connection(upload.content)


def _read_mapping(form: FormData, kind: MappingKind) -> NamedMapping | str:
    field = f"{kind.value}_mapping"
    upload = _one_upload(form, f"{field}_file")
    chosen = text_of(form, field)
    if upload is None and chosen != OWN_TEMPLATE:
        return chosen
    if upload is None:
        upload = _filled_template(form, kind)
    return upload.filename, prepare_mapping(upload.content, kind)


def _keep_connection(request: Request, work: Work, files: ReadFiles) -> str:
    if isinstance(files.connection, str):
        return files.connection
    visit, scope = visit_of(request), organization_scope(request)
    service = documents_of(request).connections
    return service.upload(work, scope, visit.actor, *files.connection).id


def _keep_mapping(request: Request, work: Work, file: NamedMapping | str) -> str:
    if isinstance(file, str):
        return file
    visit, scope = visit_of(request), organization_scope(request)
    return documents_of(request).mappings.add(work, scope, visit.actor, *file).mapping_id


def _filled_template(form: FormData, kind: MappingKind) -> Upload:
    name, content = own_template(kind)
    text = content.decode()
    for field, key in _TEMPLATE_FIELDS.items():
        line = re.compile(rf"(?m)^{key}=.*$")
        if not line.search(text):
            continue
        value = text_of(form, field)
        if not _ONE_LINE.fullmatch(value):
            wrong = _("Enter 1 to 250 letters, digits and signs without spaces.")
            raise InvalidInput(wrong, fields={field: wrong})
        before, after = line.split(text, maxsplit=1)
        text = f"{before}{key}={value}{after}"
    return Upload(filename=name, content=text.encode())


def _one_upload(form: FormData, name: str) -> Upload | None:
    uploads = uploads_of(form, name)
    return uploads[0] if uploads else None
