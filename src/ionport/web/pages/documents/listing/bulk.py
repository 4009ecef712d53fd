"""Actions on many documents: the question, the progress, and the documents left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ionport.core.errors import Conflict, InvalidInput, IonportError
from ionport.core.i18n import _, ngettext, number_text
from ionport.core.paging import MAX_PER_PAGE
from ionport.documents.bulk.model import UNDONE_BY, BulkAction, BulkRun, ItemResult, Selection
from ionport.documents.bulk.service import BulkService
from ionport.documents.model import DocumentStatus
from ionport.documents.review.model import HELD_BY, STANDS_AT
from ionport.documents.type_settings.rule_words import rule_title
from ionport.exports.error_queue.causes import title_of
from ionport.exports.error_queue.service import CAUSE
from ionport.exports.model import DOCUMENT_HELD
from ionport.identity.access import Access
from ionport.store import OrganizationScope
from ionport.web.forms.fields import errors_of, text_of
from ionport.web.pages.deliveries.deliveries import FILTERS as DELIVERIES
from ionport.web.pages.documents.listing.filters import DAYS, NAMES, filter_of, status_choices, told
from ionport.web.rendering.confirm import ask_first
from ionport.web.rendering.templating import path_to, redirect, render
from ionport.web.routes import form_routes
from ionport.web.services import documents_of
from ionport.web.state import organization_read, organization_scope, organization_write, visit_of

MANUAL = "document-list"

_BOUNDS = (("from", "since"), ("to", "until"))
_AT_ONCE = 50
"""How many documents are settled before the answer; more in the background."""
_SHOWN = 100


def begin(request: Request) -> Response:
    """Ask about the documents that are meant, or start the action.

    Those are the ticked ones, all that match, or those of an earlier run: its documents that were
    left out are tried again, or the done ones are undone.
    """
    form = visit_of(request).form
    name = text_of(form, "action")
    if name not in (*BulkAction.offered(), *(UNDONE_BY.values() if _of_run(request) else ())):
        return _back(request, _("Choose what to do with the documents."))
    action, scope = BulkAction(name), organization_scope(request)
    visit_of(request).actor.require(scope.organization_id, action.permission)
    if not (_is_all(request) or _of_run(request) or _ids(request)):
        return _back(request, _("Tick the documents first."))
    is_asked = text_of(form, "confirmed") == "yes"
    if not is_asked and (action.needs_reason or _is_all(request)):
        return _ask(request, action, {})
    try:
        run = _start(request, action)
    except InvalidInput as error:
        if "reason" in error.fields:
            return _ask(request, action, errors_of(error), error.status)
        return _back(request, error.text)
    return follow(request, run)


def follow(request: Request, run: BulkRun, told: str = "") -> Response:
    """Lead to the page of a run that was begun: one of few documents is over by then.

    It says `told` there.
    """
    runner = documents_of(request).bulk_runner
    if run.total <= _AT_ONCE:
        runner.run_one(run.id)
    else:
        runner.wake()
    url = path_to(request, "documents_bulk_run", run=run.id)
    return redirect(request, url, kind="info", text=told)


def follow_known(request: Request, error: Conflict) -> Response:
    """Lead to the run that `error` names, and say there why no second one was begun."""
    if error.existing_id is None:
        raise error
    url = path_to(request, "documents_bulk_run", run=error.existing_id)
    return redirect(request, url, kind="danger", text=error.text)


def _start(request: Request, action: BulkAction) -> BulkRun:
    visit, scope = visit_of(request), organization_scope(request)
    values: Mapping[str, str] = {}
    selection = Selection(ids=_ids(request))
    if run_id := _of_run(request):
        is_undo = action in UNDONE_BY.values()
        selection = Selection(
            of_run=run_id, result=ItemResult.DONE if is_undo else ItemResult.LEFT_OUT
        )
    elif _is_all(request):
        values = {name: text_of(visit.form, name) for name in NAMES}
        selection = Selection(matching=filter_of(visit, values, _until(request)))
    with visit.write(scope) as access:
        return documents_of(request).bulk.start(
            access,
            action,
            selection,
            text_of(visit.form, "reason"),
            told(values),
            _until(request),
        )


def _ask(
    request: Request, action: BulkAction, errors: Mapping[str, str], status: int = 200
) -> Response:
    visit, scope = visit_of(request), organization_scope(request)
    form = visit.form
    until = _until(request) or visit.services.clock.now()
    hidden = [("action", action.value), ("confirmed", "yes"), ("until", until.isoformat())]
    if run_id := _of_run(request):
        with visit.read(scope) as access:
            count = documents_of(request).bulk.get(access, run_id).left_out
        hidden.append(("of_run", run_id))
    elif _is_all(request):
        values = {name: text_of(form, name) for name in NAMES}
        with visit.read(scope) as access:
            wanted = filter_of(visit, values, until)
            count = documents_of(request).documents.count(access, wanted)
        if not count:
            return _back(request, _("No document matches any more."))
        hidden += [("all", "yes"), *told(values).items()]
    else:
        count = len(_ids(request))
        hidden += [("document", document_id) for document_id in _ids(request)]
    texts = _question_texts(action)
    heading = _heading(action, count)
    reason = {
        "label": _("Why?"),
        "help": _("At most 500 characters; kept with each document and in the audit log."),
        "value": text_of(form, "reason"),
        "optional": "",
    }
    return ask_first(
        request,
        heading,
        [*texts, _("What cannot be done is left out and named, with the reason.")],
        action.label,
        crumbs=[(_("Documents"), path_to(request, "documents"))],
        hidden=hidden,
        reason=reason if action.needs_reason else None,
        errors=errors,
        status=status,
        is_destructive=action in (BulkAction.REJECT, BulkAction.DELETE),
    )


def _heading(action: BulkAction, count: int) -> str:
    text = {
        BulkAction.EXPORT: ngettext("Export {n} document", "Export {n} documents", count),
        BulkAction.ACCEPT: ngettext(
            "Accept the findings of {n} document", "Accept the findings of {n} documents", count
        ),
        BulkAction.REJECT: ngettext("Reject {n} document", "Reject {n} documents", count),
        BulkAction.DELETE: ngettext("Delete {n} document", "Delete {n} documents", count),
    }[action]
    return text.format(n=number_text(count))


def _question_texts(action: BulkAction) -> list[str]:
    return {
        BulkAction.EXPORT: [
            _("Each goes through its active export configurations; none is sent twice."),
        ],
        BulkAction.ACCEPT: [
            _(
                "The documents are exported although something was found, unless a value is missing"
                " that has to be entered."
            ),
        ],
        BulkAction.REJECT: [
            _(
                "They take part in no export, and do not count when other documents are compared"
                " with them, unless something of them was sent."
            ),
        ],
        BulkAction.DELETE: [
            _("Only those of which nothing was sent. They stay as evidence and can be restored."),
        ],
    }[action]


def show(request: Request) -> Response:
    """Show the progress of a run, and the documents left out with the reasons."""
    service, run_id = documents_of(request).bulk, request.path_params["run"]
    with organization_read(request) as access:
        run = service.get(access, run_id)
        groups = service.left_out(access, run_id)
        may = access.may(run.action.permission)
    percent = 100 * run.settled // run.total if run.total else 100
    context = {
        "run": run,
        "groups": [(group, _why(group.code) or group.text) for group in groups],
        "percent": percent,
        "selected": _selected(request, run),
        **_next_steps(run, may=may),
    }
    return render(request, "documents/listing/bulk/run.html", context)


def _selected(request: Request, run: BulkRun) -> tuple[str, str] | None:
    """Return address and words of the list from which all that matched were taken."""
    if not run.selection:
        return None
    if run.action is BulkAction.REPLAY:
        words = {name: run.selection[name] for name in DELIVERIES if name in run.selection}
        shown = [words.get(name) or run.selection.get(since) for name, since in _BOUNDS]
        text = ", ".join(each for each in shown if each)
        return f"{path_to(request, 'deliveries')}?{urlencode(words)}", text
    if cause := run.selection.get(CAUSE):
        return path_to(request, "export_errors"), title_of(cause) or cause.partition("-")[0]
    url = f"{path_to(request, 'documents')}?{urlencode(run.selection)}"
    labels = dict(status_choices())
    words = {**run.selection, "status": labels.get(run.selection.get("status", ""), "")}
    if (days := words.get("time", "")) in DAYS:
        words["time"] = _("The last {days} days").format(days=days)
    return url, ", ".join(each for each in words.values() if each)


def _next_steps(run: BulkRun, *, may: bool) -> Mapping[str, object]:
    """Return which action tries again what was left out, and which undoes what was done."""
    can_go_on = may and run.state.is_over
    is_offered = run.action in BulkAction.offered()
    return {
        "again": run.action if can_go_on and run.left_out and is_offered else None,
        "undo": UNDONE_BY.get(run.action) if can_go_on and run.done else None,
    }


def _why(code: str) -> str:
    """Return what the documents of a group have in common; empty where its text says it."""
    if code.startswith(HELD_BY):
        title = rule_title(code.removeprefix(HELD_BY))
        return _("held by “{rule}”").format(rule=title) if title else ""
    if code.startswith(STANDS_AT):
        status = DocumentStatus(code.removeprefix(STANDS_AT))
        return _("takes part in no export: {status}").format(status=status.label)
    return _("held until a person decides") if code == DOCUMENT_HELD else ""


def left_out(request: Request) -> Response:
    """Show every document that was left out for one reason, a page at a time."""
    service, run_id = documents_of(request).bulk, request.path_params["run"]
    code, after = request.path_params["code"], request.query_params.get("after", "0")
    position = int(after) if after.isascii() and after.isdigit() and len(after) < 9 else 0
    with organization_read(request) as access:
        run = service.get(access, run_id)
        items = service.left_out_for(access, run_id, code, position, _SHOWN + 1)
    context = {
        "run": run,
        "items": items[:_SHOWN],
        "why": _why(code) or (items[0].text if items else ""),
        "after": items[_SHOWN - 1].position if len(items) > _SHOWN else None,
    }
    return render(request, "documents/listing/bulk/left_out.html", context)


def runs(request: Request) -> Response:
    """Show the newest runs, and the lists that are made as files."""
    with organization_read(request) as access:
        found = documents_of(request).bulk.list(access)
        files = documents_of(request).list_files.list(access)
    return render(request, "documents/listing/bulk/runs.html", {"runs": found, "files": files})


def pause(request: Request) -> Response:
    """Let no further document be settled until the run goes on."""
    return _changed(request, BulkService.pause)


def resume(request: Request) -> Response:
    """Let a paused run go on."""
    answer = _changed(request, BulkService.resume)
    documents_of(request).bulk_runner.wake()
    return answer


def cancel(request: Request) -> Response:
    """End a run; what is not settled stays as it is."""
    return _changed(request, BulkService.cancel)


def _changed(
    request: Request, change: Callable[[BulkService, Access[OrganizationScope], str], None]
) -> Response:
    run_id = request.path_params["run"]
    url = path_to(request, "documents_bulk_run", run=run_id)
    with organization_read(request) as access:
        documents_of(request).bulk.get(access, run_id)
    try:
        with organization_write(request) as access:
            change(documents_of(request).bulk, access, run_id)
    except IonportError as error:
        return redirect(request, url, kind="danger", text=error.text)
    return redirect(request, url)


def _is_all(request: Request) -> bool:
    return text_of(visit_of(request).form, "all") == "yes"


def _of_run(request: Request) -> str:
    return text_of(visit_of(request).form, "of_run")


def _ids(request: Request) -> list[str]:
    values = visit_of(request).form.getlist("document")
    return list(dict.fromkeys(v for v in values if isinstance(v, str) and v))[:MAX_PER_PAGE]


def _until(request: Request) -> datetime | None:
    """Return when the question was asked: what came or arose since then is not decided on."""
    try:
        until = datetime.fromisoformat(text_of(visit_of(request).form, "until"))
    except ValueError:
        return None
    return until if until.tzinfo else None


def _back(request: Request, text: str) -> Response:
    return redirect(request, path_to(request, "documents"), kind="warning", text=text)


_ONE = "/documents/bulk/{run}"
ROUTES = [
    *form_routes("/documents/bulk", runs, begin, name="documents_bulk"),
    Route(_ONE, show, name="documents_bulk_run"),
    Route(f"{_ONE}/left-out/{{code}}", left_out, name="documents_bulk_left_out"),
    Route(f"{_ONE}/pause", pause, methods=["POST"], name="documents_bulk_pause"),
    Route(f"{_ONE}/resume", resume, methods=["POST"], name="documents_bulk_resume"),
    Route(f"{_ONE}/cancel", cancel, methods=["POST"], name="documents_bulk_cancel"),
]
