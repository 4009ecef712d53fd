"""LN's refusals: a SOAP fault with a `Result` of its own namespace (docs/reference/ln.md#soap).

A refused request answers 500, as SOAP 1.1 wants it and as the vendor's users see it. One message
stands in the `Result` itself; of several, each stands in its `MessageDetails` under a general
text. A second child of `detail` repeats the text: inforion reads that one
(docs/reference/ln.md#soap).

Texts that the facts quote are LN's own. Codes of single messages, the fault code, and the status
of what has nothing to do with a request's content are inferred.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from lxml import etree

from ionport.core.errors import InvalidInput, IonportError
from ionport.sandbox.kit.operations import Answer, Call
from ionport.sandbox.kit.texts import representable
from ionport.sandbox.ln.envelope import SOAP, envelope, namespace_of, rendered
from ionport.sandbox.ln.model import Problem, RequestRefused

MEDIA_TYPE = "text/xml;charset=utf-8"
# Where LN's REST services answer.
ODATA = "/lnapi/"
SEVERAL = "Multiple messages are reported"
_SEVERAL_CODE = "tlbctsb0011"
_SOURCE = "ionport"


def error_answer(call: Call, error: IonportError) -> Answer:
    """Return a SOAP fault, or OData's error; a wrong address or method keeps its HTTP status."""
    if f"{call.path.lower()}/".startswith(ODATA):
        return _odata_error(error)
    problems: Sequence[Problem] = [Problem(error.text, error.code)]
    if isinstance(error, RequestRefused):
        problems = error.problems
    status = 500 if isinstance(error, InvalidInput) else error.status
    body = fault(namespace_of(call.path_params.get("service", "")), problems, status=status)
    return Answer(status, body, MEDIA_TYPE)


def _odata_error(error: IonportError) -> Answer:
    """Return an error as every known client of LN's OData reads it (docs/reference/ln.md#odata)."""
    status, text, details = error.status, error.text, []
    if isinstance(error, RequestRefused):
        text = SEVERAL if len(error.problems) > 1 else error.text
        details = [{"code": each.code, "message": each.text} for each in error.problems]
        status = 409 if any(each.is_conflict for each in error.problems) else 422
    elif isinstance(error, InvalidInput):
        status = 400
    content = {"error": {"code": error.code, "message": text, "details": details}}
    return Answer(status, json.dumps(content).encode(), "application/json;charset=utf-8")


def fault(namespace: str, problems: Sequence[Problem], *, status: int = 500) -> bytes:
    """Return the envelope of a fault."""
    root, body = envelope()
    outer = etree.SubElement(body, f"{{{SOAP}}}Fault")
    text = SEVERAL if len(problems) > 1 else problems[0].text
    side = "Server" if status >= 500 else "Client"
    # faultcode, faultstring and detail have no namespace in SOAP 1.1.
    _add(outer, "faultcode", f"soap:{side}")
    _add(outer, "faultstring", text)
    detail = etree.SubElement(outer, "detail")
    result = etree.SubElement(detail, f"{{{namespace}}}Result", nsmap={"bo": namespace})
    code = _SEVERAL_CODE if len(problems) > 1 else problems[0].code
    details = problems if len(problems) > 1 else ()
    _add_message(result, Problem(text, code), details)
    _add(detail, "message", problems[0].text)
    return rendered(root)


def information(parent: etree._Element, problems: Sequence[Problem]) -> None:
    """Add an information area: an answer that is none of a fault may carry messages, too."""
    if problems:
        area = etree.SubElement(parent, "InformationArea")
        for number, problem in enumerate(problems, start=1):
            message = etree.SubElement(area, "Message", ID=f"m{number}")
            _add_message(message, problem)


def _add_message(parent: etree._Element, problem: Problem, details: Sequence[Problem] = ()) -> None:
    _add(parent, "messageCode", problem.code)
    _add(parent, "messageType", "Error")
    _add(parent, "messageText", problem.text)
    _add(parent, "messageSource", _SOURCE)
    if details:
        inner = etree.SubElement(parent, "MessageDetails")
        for number, each in enumerate(details, start=1):
            message = etree.SubElement(inner, "Message", ID=f"m{number}")
            _add_message(message, each)


def _add(parent: etree._Element, name: str, text: str) -> None:
    etree.SubElement(parent, name).text = representable(text)
