"""Mapping files: their versions, the linter's findings, and previews with a document."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, File, Form, Path, Query, UploadFile
from fastapi.responses import Response
from pydantic import AfterValidator

from ionport.api.callers import Call, allowed, digest_of
from ionport.api.mapping_answers import (
    AcceptanceAnswer,
    AcceptanceRequest,
    AcceptancesAnswer,
    DifferenceAnswer,
    LintAnswer,
    MappingAnswer,
    MappingFindingAnswer,
    RollBackRequest,
    VersionAnswer,
    VersionSummaryAnswer,
)
from ionport.api.paging import PageAsked, page_of
from ionport.api.problems import PROBLEMS
from ionport.api.repeats import IdempotencyKey, once
from ionport.api.routes.dry_runs import DryRunAnswer
from ionport.api.schemas import ListAnswer
from ionport.api.services import ApiServices, Services
from ionport.core.http.texts import storable
from ionport.documents.listing.model import Cursor
from ionport.identity.access import Access
from ionport.identity.api_keys.model import ApiScope
from ionport.mappings.grammars.files import MAX_BYTES
from ionport.mappings.intake import prepare_mapping
from ionport.mappings.model import MappingKind, MappingVersion
from ionport.mappings.versions.differences import difference

router = APIRouter(prefix="/mappings", tags=["Mapping files"], responses=PROBLEMS)
Reader = Annotated[Call, allowed(ApiScope.MAPPINGS_READ)]
Writer = Annotated[Call, allowed(ApiScope.MAPPINGS_WRITE)]
Asked = Annotated[PageAsked, Depends(page_of)]
Number = Annotated[int, Path(ge=1, le=2**31 - 1)]
AskedNumber = Annotated[int, Query(ge=1, le=2**31 - 1, description="The number of a version.")]
Sent = Annotated[UploadFile, File(description="A mapping file of any kind, at most 2 MiB.")]


@router.get("")
def list_mappings(
    services: Services,
    call: Reader,
    asked: Asked,
    kind: Annotated[MappingKind | None, Query()] = None,
    q: Annotated[str, Query(max_length=200, description="Part of a name.")] = "",
) -> ListAnswer[MappingAnswer]:
    """List the mapping files, by name, with the configurations that use them."""
    with services.database.read() as work:
        access = work.within(call.scope)
        page = services.mappings.following(access, asked.limit, asked.behind_name(), kind, q)
        uses = services.mappings.uses(access, [file.id for file in page.items])
    last = page.items[-1] if page.has_more else None
    return ListAnswer(
        items=[MappingAnswer.of(file, uses.get(file.id, ())) for file in page.items],
        next=Cursor((last.name, last.id)).text if last else None,
        total=page.total,
        has_more=False,
    )


@router.post("", status_code=201, response_model=VersionAnswer)
def add_mapping(
    services: Services,
    call: Writer,
    file: Sent,
    name: Annotated[
        Annotated[str, AfterValidator(storable)] | None,
        Form(max_length=200, description="The name; without one, that of the file."),
    ] = None,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Add a mapping file under a name that no other has.

    A name that is taken is answered with 409 and `existing_id`: send it there as a new version.
    """
    content, title = _content(file), name or storable(file.filename or "")
    prepared = prepare_mapping(content)

    def add() -> tuple[int, VersionAnswer]:
        with services.database.write() as work:
            access = Access(work, call.scope, call.actor)
            return 201, VersionAnswer.of(services.mappings.add_new(access, title, prepared))

    return once(services, call, idempotency_key, digest_of("mapping", title, content), add)


@router.post("/lint")
def lint_mapping(call: Reader, file: Sent) -> LintAnswer:
    """Check a mapping file, of the kind that it is by its content; nothing is kept."""
    prepared = prepare_mapping(_content(file))
    findings = [MappingFindingAnswer.of(finding) for finding in prepared.findings]
    return LintAnswer(kind=prepared.kind, findings=findings)


@router.post("/preview")
def preview_file(
    services: Services,
    call: Reader,
    file: Sent,
    document: Annotated[str, Form(min_length=1, max_length=100, description="Its id.")],
) -> DryRunAnswer:
    """Return the calls that a mapping file makes of a document; its content decides its kind.

    Nothing is kept or sent; the key needs `documents.read` as well.
    """
    call.caller.require(ApiScope.DOCUMENTS_READ)
    prepared = prepare_mapping(_content(file))
    return DryRunAnswer.of(
        services.dry_runs.of_mapping(call.scope, document, prepared.kind, prepared.text)
    )


@router.get("/{mapping_id}")
def get_mapping(services: Services, call: Reader, mapping_id: str) -> MappingAnswer:
    """Read one mapping file; its text is in its versions."""
    with services.database.read() as work:
        access = work.within(call.scope)
        file = services.mappings.get(access, mapping_id)
        return MappingAnswer.of(file, services.mappings.uses(access, [file.id]).get(file.id, ()))


@router.delete("/{mapping_id}", status_code=204, response_class=Response)
def delete_mapping(services: Services, call: Writer, mapping_id: str) -> Response:
    """Delete a mapping file with its versions, while nothing uses it and no delivery names it."""
    with services.database.write() as work:
        services.mappings.delete(Access(work, call.scope, call.actor), mapping_id)
    return Response(status_code=204)


@router.get("/{mapping_id}/versions")
def list_mapping_versions(
    services: Services, call: Reader, asked: Asked, mapping_id: str
) -> ListAnswer[VersionSummaryAnswer]:
    """List the versions of a mapping file, the newest first."""
    with services.database.read() as work:
        page = services.mappings.following_versions(
            work.within(call.scope), mapping_id, asked.limit, asked.behind_number()
        )
    return ListAnswer(
        items=[VersionSummaryAnswer.of(version) for version in page.items],
        next=Cursor((page.items[-1].number,)).text if page.has_more else None,
        total=page.total,
        has_more=False,
    )


@router.post("/{mapping_id}/versions", status_code=201, response_model=VersionAnswer)
def add_mapping_version(
    services: Services,
    call: Writer,
    mapping_id: str,
    file: Sent,
    based_on: Annotated[
        int | None,
        Form(ge=1, le=2**31 - 1, description="The number of the version that was edited."),
    ] = None,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Save a file as the next version; the text of the newest version gives that one.

    With `based_on` a version that somebody else has saved since is answered with 409. What the
    linter finds is in the answer: findings that hold keep configurations from using the version.
    """
    content = _content(file)
    digest = digest_of("version", mapping_id, str(based_on), content)

    def save() -> tuple[int, VersionAnswer]:
        # The address first: an unknown file has the same answer, whatever is sent.
        with services.database.read() as work:
            kind = services.mappings.get(work.within(call.scope), mapping_id).kind
        prepared = prepare_mapping(content, kind)
        with services.database.write() as work:
            access = Access(work, call.scope, call.actor)
            version = services.mappings.save(access, mapping_id, prepared, based_on=based_on)
        return 201, VersionAnswer.of(version)

    return once(services, call, idempotency_key, digest, save)


@router.get("/{mapping_id}/versions/{number}")
def get_mapping_version(
    services: Services, call: Reader, mapping_id: str, number: Number
) -> VersionAnswer:
    """Read one version of a mapping file with its text and findings."""
    return VersionAnswer.of(_version(services, call, mapping_id, number))


@router.get("/{mapping_id}/versions/{number}/file", response_class=Response)
def get_mapping_file(services: Services, call: Reader, mapping_id: str, number: Number) -> Response:
    """Download a version as it was uploaded, byte for byte."""
    version = _version(services, call, mapping_id, number)
    name = quote(version.mapping_name, safe="")
    return Response(
        version.content,
        media_type="application/octet-stream",
        headers={"Content-Disposition": f"attachment; filename*=UTF-8''{name}"},
    )


@router.get("/{mapping_id}/versions/{number}/preview")
def preview_mapping(
    services: Services,
    call: Reader,
    mapping_id: str,
    number: Number,
    document: Annotated[str, Query(min_length=1, max_length=100, description="Its id.")],
) -> DryRunAnswer:
    """Say which calls a version makes of a document; the key needs `documents.read` as well."""
    call.caller.require(ApiScope.DOCUMENTS_READ)
    version = _version(services, call, mapping_id, number)
    return DryRunAnswer.of(
        services.dry_runs.of_mapping(call.scope, document, version.kind, version.text)
    )


@router.get("/{mapping_id}/diff")
def compare_mapping_versions(
    services: Services, call: Reader, mapping_id: str, old: AskedNumber, new: AskedNumber
) -> DifferenceAnswer:
    """Return the differences between two versions, line by line."""
    before, after = (_version(services, call, mapping_id, number) for number in (old, new))
    return DifferenceAnswer.of(old, new, difference(before.text, after.text))


@router.post("/{mapping_id}/roll-back", status_code=201, response_model=VersionAnswer)
def roll_back_mapping(
    services: Services,
    call: Writer,
    mapping_id: str,
    wanted: RollBackRequest,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Save the text of an older version as the newest one; no version is lost."""

    def roll_back() -> tuple[int, VersionAnswer]:
        version = _version(services, call, mapping_id, wanted.version)
        prepared = prepare_mapping(version.content, version.kind)
        with services.database.write() as work:
            access = Access(work, call.scope, call.actor)
            made = services.mappings.roll_back(access, mapping_id, wanted.version, prepared)
        return 201, VersionAnswer.of(made)

    digest = digest_of("roll-back", mapping_id, str(wanted.version))
    return once(services, call, idempotency_key, digest, roll_back)


@router.get("/{mapping_id}/acceptances")
def list_mapping_acceptances(
    services: Services, call: Reader, mapping_id: str
) -> AcceptancesAnswer:
    """List the findings of a mapping file that people have accepted, the oldest first."""
    with services.database.read() as work:
        accepted = services.mappings.accepted(work.within(call.scope), mapping_id)
    return AcceptancesAnswer(items=[AcceptanceAnswer.of(one) for one in accepted])


@router.post("/{mapping_id}/acceptances", status_code=201)
def accept_mapping_findings(
    services: Services, call: Writer, mapping_id: str, wanted: AcceptanceRequest
) -> AcceptancesAnswer:
    """Accept findings that hold a version, with a reason; they hold no later version either."""
    with services.database.write() as work:
        access = Access(work, call.scope, call.actor)
        made = services.mappings.accept(
            access, mapping_id, wanted.version, wanted.findings, wanted.reason
        )
    return AcceptancesAnswer(items=[AcceptanceAnswer.of(one) for one in made])


@router.delete("/{mapping_id}/acceptances", status_code=204, response_class=Response)
def withdraw_mapping_acceptance(
    services: Services,
    call: Writer,
    mapping_id: str,
    finding: Annotated[str, Query(min_length=1, max_length=500, description="Its `id`.")],
) -> Response:
    """Let an accepted finding hold again."""
    with services.database.write() as work:
        access = Access(work, call.scope, call.actor)
        services.mappings.withdraw_acceptance(access, mapping_id, finding)
    return Response(status_code=204)


def _version(services: ApiServices, call: Call, mapping_id: str, number: int) -> MappingVersion:
    """Return a version; raises NotFound, for the file before its number."""
    with services.database.read() as work:
        access = work.within(call.scope)
        services.mappings.get(access, mapping_id)
        return services.mappings.version(access, mapping_id, number)


def _content(file: UploadFile) -> bytes:
    return file.file.read(MAX_BYTES + 1)
