"""`/{TENANT}/Mingle/SocialService.Svc/User/Detail`: who am I.

Source: docs/reference/gateway.md#addresses, docs/reference/known-clients.md#infors-sdk.
"""

from __future__ import annotations

import json

from ionport.core.errors import IonportError
from ionport.sandbox.kit.operations import Answer, Call, Operation, Service, Step, inferred
from ionport.sandbox.mingle.repository import PersonRepository
from ionport.store import Work

CONTEXT = "Mingle"
MAX_BODY_BYTES = 64_000
_NO_USER = (
    "The service account of this token is linked with no user. Make one with a user: services"
    ' such as M3 answer "Illegal impersonation attempt (163)" otherwise.'
)


def service() -> Service:
    """Return Mingle as one of the sandbox's services."""
    fact = inferred("docs/reference/gateway.md#addresses")
    detail = Operation("user detail", "GET", "/SocialService.Svc/User/Detail", _user_detail, fact)
    return Service(CONTEXT, "Mingle", [detail], error_answer, MAX_BODY_BYTES)


def error_answer(call: Call, error: IonportError) -> Answer:
    """Return an error in the shape of the answer; its field names are inferred."""
    return _answer(error.status, None, error.text)


def _user_detail(call: Call) -> Step:
    """Answers with the user of the token; the field names of the list are inferred."""

    def step(work: Work) -> Answer:
        identity2 = call.caller.identity2
        people = PersonRepository(work.connection)
        person = people.find(call.scope, identity2) if identity2 else None
        if person is None:
            return _answer(200, None, _NO_USER)
        first, _blank, last = person.full_name.rpartition(" ")
        detail = {
            "UserGUID": person.identity2,
            "FirstName": first or last,
            "LastName": last if first else "",
            "DisplayName": person.full_name,
            "Email": person.email,
            "UserName": person.username,
        }
        return _answer(200, detail, None)

    return step


def _answer(status: int, detail: dict[str, str] | None, message: str | None) -> Answer:
    content = {
        "UserDetailList": [detail] if detail else [],
        "ErrorList": [{"Message": message}] if message else None,
        "Status": 0 if status == 200 else 1,
    }
    body = json.dumps(content, ensure_ascii=False).encode()
    return Answer(status, body, "application/json;charset=utf-8")
