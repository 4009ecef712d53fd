"""What a request of a recording is, and what the requests log in with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

FORM: Final = {"content-type": "application/x-www-form-urlencoded"}
JSON: Final = {"content-type": "application/json"}
ORIGIN: Final = "https://app.example.com"


@dataclass(frozen=True, slots=True)
class Ask:
    """One request: `route` as the tables name it, `case` is what is asked of it."""

    route: str
    case: str
    method: str
    target: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Client:
    """What the requests log in with."""

    file: Mapping[str, str]
    other_file: Mapping[str, str]
    web_file: Mapping[str, str]
    token: str
    control_key: str

    @property
    def bearer(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}"}
