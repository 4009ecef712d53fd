"""Asks one tenant, slowly and a bounded number of times."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from ionport.ionapi import IonApiClient
from ionport.ionapi.calls import Answer
from ionport.ionapi.errors import IonApiError
from ionport.tenant_tools.verify.questions import Question, harvested, names_no_record
from ionport.tenant_tools.verify.shapes import Shape, shape_of

# A tenant that does not answer is not asked everything.
MAX_FAILURES: Final = 3
_LONGEST_WAIT: Final = 60
_TOO_MANY: Final = 429


@dataclass(frozen=True, slots=True)
class Told:
    """An answer without its values.

    Attributes:
        status: None when there was no answer, and `error` says why.
        has_no_record: M3 says that what the call names does not exist.
    """

    status: int | None
    media_type: str = ""
    shape: Shape = field(default_factory=Shape)
    error: str = ""
    has_no_record: bool = False


class StoppedAsking(Exception):
    """No more calls are made to this tenant; the text says why."""


@dataclass(slots=True)
class Tenant:
    """A tenant that is asked, and the values from its answers that further questions need.

    Attributes:
        seconds_between: least time from one call to the next.
        calls_left: how many calls may still be made.
    """

    client: IonApiClient
    calls_left: int
    seconds_between: float = 0.0
    sleep: Callable[[float], None] = time.sleep
    values: dict[str, str] = field(default_factory=dict)
    calls: int = 0
    _failures: int = 0

    def ask(self, question: Question) -> Told:
        """Make the call, and once more when the tenant asks to wait.

        Raises:
            StoppedAsking: all calls are used up, or three in a row had no answer.
        """
        path, query = question.filled(self.values)
        try:
            answer = self._get(path, query)
            wait = _asked_to_wait(answer)
            if wait is not None:
                self.sleep(wait)
                answer = self._get(path, query)
        except IonApiError as error:
            self._failures += 1
            if self._failures >= MAX_FAILURES:
                raise StoppedAsking(
                    f"{MAX_FAILURES} calls in a row found nobody ({error.code})"
                ) from error
            return Told(None, error=error.code)
        self._failures = 0
        if question.is_file:
            return Told(answer.status, answer.media_type)
        content = _json(answer) if answer.ok else None
        for name, value in harvested(question, content).items():
            self.values.setdefault(name, value)
        shape = shape_of(answer.content, answer.media_type)
        has_no_record = names_no_record(content)
        return Told(answer.status, answer.media_type, shape, has_no_record=has_no_record)

    def _get(self, path: str, query: str) -> Answer:
        if self.calls_left <= 0:
            raise StoppedAsking(f"{self.calls} calls were made, which is all that is allowed")
        if self.calls:
            self.sleep(self.seconds_between)
        self.calls_left -= 1
        self.calls += 1
        # Never anything but GET: the promise of this whole package.
        return self.client.request(
            "GET", path, query=query, headers={"Accept": "application/json, */*;q=0.5"}
        )


def _asked_to_wait(answer: Answer) -> float | None:
    text = answer.headers.get("retry-after", "")
    if answer.status != _TOO_MANY:
        return None
    return min(float(text), _LONGEST_WAIT) if text.isascii() and text.isdigit() else 1.0


def _json(answer: Answer) -> Any:
    try:
        return json.loads(answer.content.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return None
