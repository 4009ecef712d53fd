"""One mapping file: its text with findings, edited and saved as the next version."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ionport.core.errors import Conflict, InvalidInput, IonportError, NotFound, TooLarge
from ionport.core.i18n import _
from ionport.mappings.completions import completions
from ionport.mappings.grammars.edits import apply_edits
from ionport.mappings.grammars.encodings import encode
from ionport.mappings.intake import prepare_mapping
from ionport.mappings.model import Finding, MappingFile, MappingKind, MappingVersion
from ionport.mappings.versions.acceptances.model import by_finding
from ionport.mappings.versions.differences import Difference, difference, with_line_ends
from ionport.web.forms.fields import lines_of, number_in, text_of, whole_number
from ionport.web.pages.mappings.deleted import keep_as_new
from ionport.web.pages.mappings.preview import ShownDryRun, offered_documents, previewed
from ionport.web.rendering.templating import path_to, redirect, render, rendered
from ionport.web.routes import form_routes
from ionport.web.services import documents_of
from ionport.web.state import organization_scope, visit_of

MANUAL = "mapping-files"

# Before the number of the finding whose quick fix is wanted.
FIX = "fix:"


@dataclass(frozen=True, slots=True)
class Checked:
    """The findings of a text, and its result for a chosen document.

    `error` where it cannot be a file of its kind.
    """

    findings: Sequence[Finding] = ()
    error: str = ""
    preview: ShownDryRun | None = None


def show(request: Request) -> Response:
    """Show the newest version of a file in the editor."""
    _file, version = newest_of(request)
    preview = previewed(request, chosen_document(request), version.kind, version.text)
    return _file_page(request, version, version.text, Checked(version.findings, preview=preview))


def save(request: Request) -> Response:
    """Save the text as the next version, or only check it.

    Where the file was deleted meanwhile, what was typed is offered as a new one.
    """
    try:
        return _save(request)
    except NotFound:
        return keep_as_new(request)


def _save(request: Request) -> Response:
    visit, scope = visit_of(request), organization_scope(request)
    form = visit.form
    action = text_of(form, "action")
    only_checks = action == "check" or action.startswith(FIX)
    if not only_checks:
        visit.actor.require_organization_administrator(scope.organization_id)
    _file, newest = newest_of(request)
    typed = with_line_ends(lines_of(form, "text"), newest.text)
    if not only_checks:
        return save_text(request, newest, typed)
    if action.startswith(FIX):
        typed = fixed(typed, newest.kind, number_in(action.removeprefix(FIX)) or 0)
    return text_page(request, newest, typed)


def text_page(request: Request, newest: MappingVersion, typed: str) -> Response:
    """Show a text that is not saved in the editor."""
    checked = checked_text(request, typed, newest.kind)
    based_on = whole_number(visit_of(request).form, "based_on") or 0
    return _file_page(request, newest, typed, checked, based_on=based_on)


def save_text(
    request: Request, newest: MappingVersion, typed: str, then: str = "mapping_file"
) -> Response:
    """Save a text as the next version and lead to a page of the file; else show it again.

    Raises Forbidden, and NotFound where the file was deleted meanwhile.
    """
    visit, scope = visit_of(request), organization_scope(request)
    visit.actor.require_organization_administrator(scope.organization_id)
    based_on = whole_number(visit.form, "based_on") or 0
    try:
        prepared = prepare_mapping(encode(typed, newest.encoding), newest.kind)
        with visit.write(scope) as access:
            version = documents_of(request).mappings.save(
                access, newest.mapping_id, prepared, based_on=based_on
            )
    except Conflict as error:
        # What was typed is still there, now compared with what the other person saved.
        _again, theirs = newest_of(request)
        return _file_page(
            request,
            theirs,
            typed,
            checked_text(request, typed, theirs.kind),
            errors={"": error.text},
            theirs=difference(theirs.text, typed),
            status=error.status,
        )
    except (InvalidInput, TooLarge) as error:
        checked = checked_text(request, typed, newest.kind)
        errors = {"text": error.text}
        return _file_page(
            request, newest, typed, checked, errors=errors, based_on=based_on, status=error.status
        )
    if version.number == newest.number:
        text = _("Nothing is different from version {number}.").format(number=version.number)
    else:
        text = _("Version {number} is saved.").format(number=version.number)
    return redirect(request, path_to(request, then, mapping=version.mapping_id), text=text)


def check(request: Request) -> Response:
    """Answer the editor while somebody types: the findings, and the panel beside the text."""
    _file, newest = newest_of(request)
    typed = with_line_ends(lines_of(visit_of(request).form, "text"), newest.text)
    checked = checked_text(request, typed, newest.kind)
    visit, scope = visit_of(request), organization_scope(request)
    with visit.read(scope) as access:
        accepted = by_finding(documents_of(request).mappings.accepted(access, newest.mapping_id))
    context = {"checked": checked, "saved": newest, "accepted": accepted}
    panel = rendered(request, "mappings/file/_panel.html", context)
    return JSONResponse(
        {
            "findings": [finding_values(finding, newest.accepted) for finding in checked.findings],
            "error": checked.error,
            "panel": panel,
        }
    )


def words(request: Request) -> Response:
    """Answer the editor what can stand before and behind an equals sign."""
    file, _version = newest_of(request)
    return JSONResponse(asdict(completions(file.kind)))


def checked_text(request: Request, text: str, kind: MappingKind) -> Checked:
    """Lint a text that is not stored, and preview it; whatever it is, there is an answer."""
    try:
        prepared = prepare_mapping(text.encode("utf-8", "replace"), kind)
    except IonportError as error:
        return Checked(error=error.text)
    preview = previewed(request, chosen_document(request), kind, prepared.text)
    return Checked(prepared.findings, preview=preview)


def findings_of(text: str, kind: MappingKind) -> Sequence[Finding]:
    """Return what the linter finds in a text that is not stored; nothing in what is no file."""
    try:
        return prepare_mapping(text.encode("utf-8", "replace"), kind).findings
    except IonportError:
        return ()


def fixed(text: str, kind: MappingKind, number: int) -> str:
    """Return the text with the quick fix of one of its findings; they count from 1."""
    findings = findings_of(text, kind)
    fix = findings[number - 1].fix if 0 < number <= len(findings) else ()
    return apply_edits(text, fix)


def chosen_document(request: Request) -> str:
    """Return the id of the document that was chosen for the preview; empty for none."""
    form = visit_of(request).form
    return text_of(form, "document") or request.query_params.get("document", "")


def finding_values(finding: Finding, accepted: Collection[str] = ()) -> dict[str, object]:
    """Return a finding as the editor takes it."""
    return {
        "severity": finding.severity.value,
        "code": finding.code,
        "line": finding.line,
        "fix": [asdict(edit) for edit in finding.fix],
        "key": finding.key,
        "text": finding.text,
        "remedy": finding.remedy,
        "blocks": finding.blocks_activation and finding.identity not in accepted,
    }


def newest_of(request: Request) -> tuple[MappingFile, MappingVersion]:
    """Return the file that the address names, and its newest version; raises NotFound."""
    visit, scope = visit_of(request), organization_scope(request)
    mappings, mapping_id = documents_of(request).mappings, request.path_params["mapping"]
    with visit.read(scope) as access:
        return mappings.get(access, mapping_id), mappings.latest_version(access, mapping_id)


def _file_page(
    request: Request,
    version: MappingVersion,
    text: str,
    checked: Checked,
    *,
    errors: Mapping[str, str] | None = None,
    theirs: Difference | None = None,
    based_on: int | None = None,
    status: int = 200,
) -> Response:
    visit, scope = visit_of(request), organization_scope(request)
    mappings = documents_of(request).mappings
    with visit.read(scope) as access:
        file = mappings.get(access, version.mapping_id)
        uses = mappings.uses(access, [file.id]).get(file.id, [])
        accepted = by_finding(mappings.accepted(access, file.id))
    context = {
        "file": file,
        "saved": version,
        "text": text,
        "checked": checked,
        "uses": uses,
        "accepted": accepted,
        "errors": errors or {},
        "theirs": theirs,
        "based_on": version.number if based_on is None else based_on,
        "is_edited": text != version.text,
        "documents": offered_documents(request),
        "document_id": chosen_document(request),
    }
    return render(request, "mappings/file/file.html", context, status=status)


_ONE = "/settings/mapping-files/{mapping}"
ROUTES = [
    *form_routes(_ONE, show, save, name="mapping_file"),
    Route(f"{_ONE}/words", words, name="mapping_file_words"),
    Route(f"{_ONE}/check", check, methods=["POST"], name="mapping_file_check"),
]
