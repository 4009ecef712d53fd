"""Export configurations as JSON, for another organization or installation, and copies of one.

Connections, mapping files and sub-organizations are named, not contained: no secret is in it. What
is imported is not active, and uses the newest version of its mapping files.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

from ionport.connections.model import Connection
from ionport.connections.service import ConnectionService
from ionport.core.errors import InvalidInput, TooLarge
from ionport.core.http.texts import is_storable
from ionport.core.i18n import _, labelled
from ionport.core.paging import MAX_PER_PAGE, Page, PageRequest
from ionport.exports.configurations.checks import TITLE_LENGTH
from ionport.exports.configurations.model import ConfigurationFields, ExportConfiguration
from ionport.exports.model import ExportMethod
from ionport.identity.access import Access
from ionport.identity.service import IdentityService
from ionport.mappings.model import MappingKind
from ionport.mappings.service import MappingService
from ionport.store import OrganizationScope

FORMAT: Final = "ionport.export-configurations"
MAX_BYTES: Final = 1_048_576
MOST: Final = MAX_PER_PAGE
_NAMES: Final = PageRequest(per_page=MAX_PER_PAGE)
_TEXTS: Final = ("title", "document_type", "method", "connection")


class Configurations(Protocol):
    """What makes and lists configurations."""

    def create(
        self, access: Access[OrganizationScope], fields: ConfigurationFields
    ) -> ExportConfiguration: ...

    def get(
        self, access: Access[OrganizationScope], configuration_id: str
    ) -> ExportConfiguration: ...

    def list(
        self, access: Access[OrganizationScope], page: PageRequest
    ) -> Page[ExportConfiguration]: ...


@dataclass(frozen=True, slots=True)
class NamedConfiguration:
    """A configuration in a file, with connection and mappings by name."""

    title: str
    document_type: str
    method: ExportMethod
    connection: str
    sub_organization: str
    mappings: Mapping[MappingKind, str]
    options: Mapping[str, str]
    accepts_at_least_once: bool


def read_transfer(content: bytes) -> tuple[NamedConfiguration, ...]:
    """Read a file of configurations; needs no transaction.

    Raises:
        TooLarge: it has over 1 MB.
        InvalidInput: it is none, and says where not; at most `MOST` configurations.
    """
    if len(content) > MAX_BYTES:
        raise TooLarge(_("A file of configurations has at most 1 MB."))
    try:
        data = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise _wrong(_("It is no JSON.")) from error
    rows = data.get("configurations") if isinstance(data, dict) else None
    if not isinstance(data, dict) or data.get("format") != FORMAT or data.get("version") != 1:
        raise _wrong(_("Choose a file that Export as JSON has made."))
    if not isinstance(rows, list) or not 1 <= len(rows) <= MOST:
        raise _wrong(_("It holds 1 to {n} configurations.").format(n=MOST))
    return tuple(_read(row, number) for number, row in enumerate(rows, 1))


class ConfigurationTransfer:
    """Writes and reads configurations by the names of what they use."""

    def __init__(
        self,
        configurations: Configurations,
        connections: ConnectionService,
        mappings: MappingService,
        identity: IdentityService,
    ) -> None:
        self._configurations = configurations
        self._connections = connections
        self._mappings = mappings
        self._identity = identity

    def write(
        self, access: Access[OrganizationScope], configuration_ids: Sequence[str] = ()
    ) -> bytes:
        """Return configurations as JSON, all of them without ids.

        Raises Forbidden, NotFound, and TooLarge where there are more than `MOST`.
        """
        access.require_organization_administrator()
        found = [self._configurations.get(access, each) for each in configuration_ids]
        if not configuration_ids:
            every = self._configurations.list(access, PageRequest(per_page=MOST))
            if every.total > MOST:
                text = _(
                    "There are {n} export configurations, and a file holds {most} at most. Save"
                    " those that you need on their pages."
                )
                raise TooLarge(text.format(n=every.total, most=MOST))
            found = list(every.items)
        subs = {each.id: each.name for each in self._identity.list_sub_organizations(access)}
        rows = [self._row(access, each, subs) for each in found]
        data = {"format": FORMAT, "version": 1, "configurations": rows}
        return json.dumps(data, ensure_ascii=False, indent=2).encode() + b"\n"

    def read(
        self, access: Access[OrganizationScope], named: Sequence[NamedConfiguration]
    ) -> Sequence[ExportConfiguration]:
        """Make the configurations that `read_transfer` has read, all of them or none.

        Raises:
            Forbidden: no administrator.
            InvalidInput: names every configuration that cannot be made here, and why.
        """
        access.require_organization_administrator()
        subs = {each.name: each.id for each in self._identity.list_sub_organizations(access)}
        found, wrong = [], []
        for each in named:
            try:
                found.append(self._fields(access, each, subs))
            except InvalidInput as error:
                wrong.append(labelled(each.title, error.text))
        made = []
        for fields in found if not wrong else ():
            try:
                made.append(self._configurations.create(access, fields))
            except InvalidInput as error:
                reasons = " ".join(dict.fromkeys(error.fields.values())) or error.text
                wrong.append(labelled(fields.title, reasons))
        if wrong:
            text = _("Nothing is imported. {reasons}").format(reasons=" ".join(wrong))
            raise InvalidInput(text, code="not_importable", fields={"file": text})
        return made

    def duplicate(
        self, access: Access[OrganizationScope], configuration_id: str
    ) -> ExportConfiguration:
        """Make a copy of a configuration with the same versions; it is not active.

        Raises Forbidden, NotFound, and InvalidInput where what it uses is gone.
        """
        access.require_organization_administrator()
        before = self._configurations.get(access, configuration_id)
        title = _("Copy of {title}").format(title=before.title)[:TITLE_LENGTH]
        fields = replace(before.fields, title=title, versions=before.version_ids())
        return self._configurations.create(access, fields)

    def _row(
        self,
        access: Access[OrganizationScope],
        configuration: ExportConfiguration,
        subs: Mapping[str, str],
    ) -> dict[str, Any]:
        connection = self._connections.shown(access, configuration.connection_id)
        fields = configuration.fields
        return {
            "title": fields.title,
            "document_type": fields.document_type,
            "method": fields.method.value,
            "connection": connection.name,
            "sub_organization": subs.get(fields.sub_organization_id or "", ""),
            "mappings": {
                kind.value: self._mappings.get(access, mapping_id).name
                for kind, mapping_id in sorted(fields.mappings.items())
            },
            "options": dict(sorted(fields.options.items())),
            "accepts_at_least_once": fields.accepts_at_least_once,
        }

    def _fields(
        self,
        access: Access[OrganizationScope],
        named: NamedConfiguration,
        subs: Mapping[str, str],
    ) -> ConfigurationFields:
        if named.sub_organization and named.sub_organization not in subs:
            raise InvalidInput(
                _("There is no sub-organization {name}.").format(name=named.sub_organization)
            )
        connections = self._connections.list(access, _NAMES, named.connection).items
        connection: Connection = _only(
            [each for each in connections if each.name == named.connection],
            _("connection"),
            named.connection,
        )
        return ConfigurationFields(
            title=named.title,
            document_type=named.document_type,
            method=named.method,
            connection_id=connection.id,
            mappings={
                kind: _only(
                    [
                        each
                        for each in self._mappings.list(access, _NAMES, kind, name).items
                        if each.name == name
                    ],
                    _("mapping file"),
                    name,
                ).id
                for kind, name in named.mappings.items()
            },
            sub_organization_id=subs.get(named.sub_organization),
            accepts_at_least_once=named.accepts_at_least_once,
            options=named.options,
        )


def _only(found: Sequence[Any], what: str, name: str) -> Any:
    """Return the only one of its name; raises InvalidInput."""
    if len(found) == 1:
        return found[0]
    if found:
        text = _("There is more than one {what} with the name {name}: rename one.")
    else:
        text = _("There is no {what} with the name {name}: add it first.")
    raise InvalidInput(text.format(what=what, name=name))


def _read(row: Any, number: int) -> NamedConfiguration:
    where = _("configuration {n}").format(n=number)
    if not isinstance(row, dict):
        raise _wrong(where + ": " + _("it is no object") + ".")
    for name in _TEXTS:
        if not _is_text(row.get(name)) or not row[name].strip():
            raise _wrong(f"{where}: {name}.")
    sub = row.get("sub_organization") or ""
    mappings, options = row.get("mappings") or {}, row.get("options") or {}
    if not (_is_text(sub) and _is_texts(mappings) and _is_texts(options)):
        raise _wrong(f"{where}: sub_organization, mappings, options.")
    return NamedConfiguration(
        title=row["title"].strip(),
        document_type=row["document_type"],
        method=_member(ExportMethod, row["method"], f"{where}: method."),
        connection=row["connection"],
        sub_organization=sub,
        mappings={
            _member(MappingKind, kind, f"{where}: mappings."): name
            for kind, name in mappings.items()
        },
        options=options,
        accepts_at_least_once=row.get("accepts_at_least_once") is True,
    )


def _member(kind: Callable[[str], Any], value: str, where: str) -> Any:
    try:
        return kind(value)
    except ValueError as error:
        raise _wrong(where) from error


def _is_text(value: object) -> bool:
    return isinstance(value, str) and len(value) <= 1_000 and is_storable(value)


def _is_texts(value: object) -> bool:
    return (
        isinstance(value, dict)
        and len(value) <= 100
        and all(_is_text(key) and _is_text(text) for key, text in value.items())
    )


def _wrong(text: str) -> InvalidInput:
    told = _("The file cannot be read. {reason}").format(reason=text)
    return InvalidInput(told, code="no_configurations", fields={"file": told})
