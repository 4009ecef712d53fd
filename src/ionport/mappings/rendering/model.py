"""The results of rendering: values with the mapping lines they come from, and calls."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ionport.mappings.model import MappingKind


@dataclass(frozen=True, slots=True)
class Traced:
    """One value that is sent, and where it comes from.

    `target` names the place in the words of the receiver: an attribute of IDM, `AddHead SUNO`,
    a path below CaptureDocument, the Name of a DocumentField. `line` is the line of the mapping
    file that says so and `key` the key of that line; None and empty for what is generated.
    `sources` are the ids of the fields, columns and terms that the value was made from; a
    constant has none.
    """

    target: str
    value: str
    line: int | None
    key: str
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PlannedCall:
    """One call of a delivery, in order, as it would be made; `path` is relative to the tenant.

    Of a call to a receiver of others `path` is the whole address, and `headers` what is sent with
    it, without what is secret.

    Where a file is made and no call, `method` is empty and `path` the file's name.
    `body` is text: of a file it has only name, type and size. `mapping_kind` says which
    file the values come from, None for calls that no mapping shapes.
    """

    title: str
    method: str
    path: str
    content_type: str
    body: str
    values: tuple[Traced, ...] = ()
    mapping_kind: MappingKind | None = None
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class M3Call:
    """One transaction of M3, made of one section of a mapping and, for lines, one row.

    `section` is the section's word in TOML (`header`, `receipt_lines`, …). `company` and
    `division` are parameters of the call (`cono`, `divi`), empty when the mapping names none:
    then M3 takes those of the user; `parameters` says where the company came from, which is no
    field of the record. `row` counts the rows of the section's table from 1; None
    for the head. The batch number `INBN` is known after AddHead alone: lines do not contain it.
    """

    program: str
    transaction: str
    section: str
    record: tuple[Traced, ...]
    company: str = ""
    division: str = ""
    row: int | None = None
    parameters: tuple[Traced, ...] = ()

    def values(self) -> dict[str, str]:
        """Return the record by field, as M3 takes it."""
        return {value.target.rpartition(" ")[2]: value.value for value in self.record}


@dataclass(frozen=True, slots=True)
class LnPayload:
    """The business data of one received purchase invoice, before names of the service are known.

    `lines` is keyed by the section's word (`tax_lines`, `receipt_lines`, `cost_lines`); each
    line has the values of one row. `company` is the company of the request, empty when the
    mapping names none.
    """

    company: str
    header: tuple[Traced, ...]
    lines: Mapping[str, tuple[tuple[Traced, ...], ...]] = field(default_factory=dict)

    def every_value(self) -> tuple[Traced, ...]:
        """Return the values of header and lines in their order."""
        lines = (value for rows in self.lines.values() for row in rows for value in row)
        return (*self.header, *lines)


def sources_of(values: Iterable[Traced]) -> frozenset[str]:
    """Return the ids of all fields, columns and terms that the values were made from."""
    return frozenset(source for value in values for source in value.sources)
