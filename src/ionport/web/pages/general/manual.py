"""The manual: `ionport.manual` as pages, as Markdown, and as answers to questions.

`GET …/<page>.md?ask=<question>` is how the manual of the document system answers questions; the
page of it that ionport implements is served at its original address, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from ionport.core.errors import InvalidInput, NotFound, TooManyRequests
from ionport.core.http.problems import problem_of
from ionport.core.http.rates import RateLimit
from ionport.core.i18n import LANGUAGE_NAMES, N_, _, gettext, labelled, language
from ionport.manual import (
    CONTENTS,
    LANGUAGES,
    ManualPage,
    languages_of,
    manual_base,
    page_names,
    picture_at,
    read_page,
)
from ionport.manual.answers import MAX_QUESTION, Answer, in_language, manual
from ionport.manual.sections import Block
from ionport.manual.site import language_model_list, robots_rules, site_map
from ionport.web.middleware.languages import ORIGINAL_PAGE
from ionport.web.middleware.programs import HTML, JSON, MARKDOWN, accepted_kind
from ionport.web.rendering.markdown import html_of, page_html
from ionport.web.rendering.templating import manual_path, render
from ionport.web.state import visit_of

_WALK = "the-walk"
_CONTENTS = "llms.txt"
_limit = RateLimit(10)
SECTIONS = (N_("Start"), N_("Infor side"), N_("Document side"), N_("Operating"))
"""Sections of the contents, for the catalogues; a test holds them against the manual's."""


def first_page(request: Request) -> Response:
    """Answer a question, else lead to the first page."""
    if "ask" in request.query_params:
        return _ask(request, None)
    return RedirectResponse(manual_path(page_names()[0]), 303)


def show(request: Request) -> Response:
    """Show a page beside the contents, or what the manual answers to a question asked there."""
    page = _page(str(request.path_params["page"]))
    if "ask" in request.query_params:
        return _ask(request, page)
    return _render(request, "general/manual/page.html", {"page": page, "html": page_html(page)})


def show_markdown(request: Request) -> Response:
    """Send a page as Markdown, or what the manual answers to a question asked there."""
    page = _page(str(request.path_params["page"]))
    if "ask" in request.query_params:
        return _ask(request, page, usual=MARKDOWN)
    return PlainTextResponse(page.text, media_type=MARKDOWN)


def original_page(request: Request) -> Response:
    """Answer at the original address of the page that ionport implements."""
    request.path_params["page"] = _WALK
    return show_markdown(request)


def show_picture(request: Request) -> Response:
    """Send a picture of a page."""
    try:
        picture = picture_at(request.url.path)
    except LookupError:
        raise NotFound(_("The manual has no such picture.")) from None
    kept = {"Cache-Control": "private, max-age=3600"}
    return Response(picture.content, headers=kept, media_type="image/png")


def language_models(request: Request) -> Response:
    """List the pages as Markdown, for programs."""
    text = language_model_list(
        lambda name: f"{manual_path(name)}.md", can_be_asked=True, language=language()
    )
    return PlainTextResponse(text, media_type=MARKDOWN)


def pages_for_robots(request: Request) -> Response:
    """List the pages of every language by their whole addresses, as search engines ask for them."""
    mapped = site_map(_addresses(request, name) for name in page_names())
    return Response(mapped, media_type="application/xml")


def rules_for_robots(request: Request) -> Response:
    """Let search engines read the manual alone; a closed one names none of its addresses."""
    services = visit_of(request).services
    if not services.has_public_manual:
        raise NotFound(_("The manual has no such page."))
    return PlainTextResponse(robots_rules(services.origin))


def _addresses(request: Request, name: str) -> Mapping[str, str]:
    """Return the whole addresses of a page by the languages in which it is there."""
    origin = visit_of(request).services.origin
    return {code: f"{origin}{manual_base(code)}/{name}" for code in languages_of(name)}


def _page(name: str) -> ManualPage:
    if name not in page_names():
        raise NotFound(_("The manual has no such page."))
    return read_page(name, language())


def _ask(request: Request, page: ManualPage | None, usual: str = HTML) -> Response:
    """Answer in the form that the request accepts: HTML, Markdown or JSON."""
    kind = accepted_kind(request.headers.get("accept", ""), usual)
    if kind == HTML:
        return _ask_by_page(request, page)
    try:
        answer = _answered(request, page)
    except (InvalidInput, TooManyRequests) as error:
        problem = problem_of(error, visit_of(request).request_id, realm="")
        if kind == JSON:
            return problem
        waits = problem.headers.get("retry-after")
        headers = {"Retry-After": waits} if waits else None
        return PlainTextResponse(f"{error.text}\n", error.status, headers, MARKDOWN)
    if kind == JSON:
        return JSONResponse(_as_json(answer))
    return PlainTextResponse(_as_markdown(answer), media_type=MARKDOWN)


def _ask_by_page(request: Request, page: ManualPage | None) -> Response:
    """Show the answer, or what is wrong with the question beside its field."""
    wrong, answer = "", None
    try:
        answer = _answered(request, page)
    except InvalidInput as error:
        wrong = error.text
    context = {
        "question": request.query_params["ask"].strip()[:MAX_QUESTION],
        "wrong": wrong,
        "excerpts": [(block, html_of(block.text)) for block in answer.excerpts] if answer else [],
        "nearest": [read_page(name, language()) for name in answer.nearest] if answer else [],
    }
    return _render(request, "general/manual/answer.html", context, status=422 if wrong else 200)


def _answered(request: Request, page: ManualPage | None) -> Answer:
    """Return the answer; raises TooManyRequests, and InvalidInput for what is no question."""
    _limit.count(visit_of(request).address, _("Ten questions a second are the most. Ask again."))
    question = request.query_params["ask"].strip()
    wrong = ""
    if not question:
        wrong = _("Ask something: add ?ask=, and a question in English, German or French.")
    elif len(question) > MAX_QUESTION:
        wrong = _("A question has at most {n} characters.").format(n=MAX_QUESTION)
    if wrong:
        raise InvalidInput(wrong, fields={"ask": wrong})
    return in_language(manual().ask(question, page.name if page else None), language())


def _render(
    request: Request, template: str, context: Mapping[str, object], *, status: int = 200
) -> Response:
    contents = [
        (gettext(section), [read_page(name, language()) for name in names])
        for section, names in CONTENTS
    ]
    page = context.get("page")
    shared = {
        "page": None,
        "question": "",
        "contents": contents,
        "main_class": "sheet-public",
        "editions": [
            (code, LANGUAGE_NAMES[code], manual_path(page.name, code)) for code in LANGUAGES
        ]
        if isinstance(page, ManualPage)
        else [],
        "alternates": _addresses(request, page.name) if isinstance(page, ManualPage) else {},
    }
    return render(request, template, {**shared, **context}, status=status)


def _as_json(answer: Answer) -> dict[str, object]:
    return {
        "answered": answer.is_answered,
        "answer": answer.excerpts[0].text if answer.excerpts else "",
        "excerpts": [
            {
                "page": block.page,
                "heading": block.heading or block.title,
                "url": _url(block),
                "text": block.text,
            }
            for block in answer.excerpts
        ],
        "nearest": [
            {"page": name, "title": title, "url": manual_path(name)}
            for name, title in _nearest(answer)
        ],
    }


def _as_markdown(answer: Answer) -> str:
    parts = []
    for block in answer.excerpts:
        source = labelled(block.title, block.heading) if block.heading else block.title
        parts.append(f"{block.text}\n\n— [{source}]({_url(block)})")
    if not parts:
        parts += [_("This is not in this manual."), _("The nearest pages:")]
        nearest = (f"- [{title}]({manual_path(name)})" for name, title in _nearest(answer))
        parts.append("\n".join(nearest))
    return "\n\n".join(parts) + "\n"


def _nearest(answer: Answer) -> Iterator[tuple[str, str]]:
    """Yield name and title of the nearest pages, and of the contents where none of them answers."""
    for name in answer.nearest:
        yield name, read_page(name, language()).title
    if not answer.is_answered:
        yield _CONTENTS, _("Contents")


def _url(block: Block) -> str:
    path = manual_path(block.page)
    return f"{path}#{block.anchor}" if block.anchor else path


def _routes_in(code: str) -> list[Route]:
    """Return the routes of a language; its code ends their names but those of English."""
    base = manual_base(code)
    end = "" if code == LANGUAGES[0] else f"_{code}"
    return [
        Route(base, first_page, name=f"manual{end}"),
        # A program is not sent from one spelling to the other, so both answer.
        Route(f"{base}/", first_page, name=f"manual_folder{end}"),
        Route(f"{base}/llms.txt", language_models, name=f"manual_llms{end}"),
        Route(f"{base}/pictures/{{name}}", show_picture, name=f"manual_picture{end}"),
        Route(f"{base}/{{page}}.md", show_markdown, name=f"manual_markdown{end}"),
        Route(f"{base}/{{page}}", show, name=f"manual_page{end}"),
    ]


ROUTES = [
    Route("/manual/sitemap.xml", pages_for_robots, name="manual_sitemap"),
    # Before the pages: `de` is no name of one.
    *(route for code in reversed(LANGUAGES) for route in _routes_in(code)),
    Route("/llms.txt", language_models, name="llms"),
    Route("/robots.txt", rules_for_robots, name="robots"),
    Route(ORIGINAL_PAGE, original_page, name="original_page"),
]
