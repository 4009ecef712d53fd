"""M3's refusals (docs/reference/m3.md#addresses-and-errors).

    TransactionFailed
    ├── (ServerReturnedNOK)   the program refused: 200 with the error in the result
    └── (any other type)      m3api-rest refused before the program ran: 400, error at the top
                              (v1: 200)

`ServerReturnedNOK` is verified, and so is that m3api-rest answers 200 for some errors and 400
for others; which errors get which status is inferred. In a bulk call every error
stands in the result of its transaction. Message ids follow M3's own pattern (`W` + object +
`02` missing, `03` unknown, `04` there already); where an id is not known it is inferred.
"""

from __future__ import annotations

import json
from enum import StrEnum

from ionport.core.errors import InvalidInput, IonportError
from ionport.sandbox.kit.operations import Answer, Call

# The id that M3 gives to texts of no message file of its own
# (docs/reference/m3.md#addresses-and-errors).
GENERIC_CODE = "CPF9898"
# What comes with errors of programs; clients do not seem to read it
# (docs/reference/m3.md#addresses-and-errors).
_CFG = "97"
_V1 = "v1"


class ErrorType(StrEnum):
    """Who refused and why; public clients know the first four, the others are inferred."""

    NOK = "ServerReturnedNOK"
    MANDATORY = "MandatoryInputFieldNotFound"
    TOO_LONG = "InputFieldTooLong"
    UNKNOWN_TRANSACTION = "TransactionNotFound"
    UNKNOWN_PROGRAM = "ProgramNotFound"
    UNKNOWN_FIELD = "InputFieldNotFound"
    NOT_IMITATED = "TransactionNotImitated"


class TransactionFailed(InvalidInput):
    """A transaction that was refused.

    Attributes:
        code: M3's message id.
        field: the input field that is wrong, empty when none is.
        kind: who refused.
    """

    status = 400

    def __init__(
        self,
        text: str,
        *,
        code: str = GENERIC_CODE,
        field: str = "",
        kind: ErrorType = ErrorType.NOK,
    ) -> None:
        super().__init__(text, code=code)
        self.field = field
        self.kind = kind


def error_answer(call: Call, error: IonportError) -> Answer:
    """Return an error of the whole call in the shape of the version that was asked.

    v1 tells of a transaction that it refused with 200, whoever refused it.
    """
    is_v1 = call.operation.endswith(_V1)
    status = 400 if isinstance(error, InvalidInput) else error.status
    if is_v1 and isinstance(error, TransactionFailed):
        status = 200
    return json_answer(status, error_tree(error, is_v1=is_v1))


def error_tree(error: IonportError, *, is_v1: bool) -> dict[str, str]:
    """Return an error as v1 or v2 of m3api-rest spell it."""
    kind, field, cfg = error.code, "", ""
    if isinstance(error, TransactionFailed):
        kind, field = error.kind.value, error.field
        cfg = _CFG if error.kind is ErrorType.NOK else ""
    if is_v1:
        tree = {
            "@type": kind,
            "@code": error.code,
            "@cfg": cfg,
            "@field": field,
            "Message": error.text,
        }
    else:
        tree = {
            "errorMessage": error.text,
            "errorCode": error.code,
            "errorCfg": cfg,
            "errorField": field,
            "errorType": kind,
        }
    return {name: value for name, value in tree.items() if value}


def json_answer(
    status: int, content: object, *, indent: int | None = None, effects: tuple[str, ...] = ()
) -> Answer:
    """Return `content` as a JSON answer."""
    separators = None if indent else (",", ":")
    text = json.dumps(content, ensure_ascii=False, indent=indent, separators=separators)
    return Answer(status, text.encode(), "application/json;charset=utf-8", effects=effects)
