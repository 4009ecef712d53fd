"""Structured logs with request, tenant and delivery ids, and redaction of secrets.

Redaction comes in addition to the value objects of `core.secrets`: it knows the shapes of
docs/reference/credentials.md#the-file and of OAuth parameters, in whatever text or URL they turn up
(docs/decisions/0006-secrets-sealed-digested-shown-once.md).
"""

from __future__ import annotations

import json
import logging
import re
import sys
import traceback
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, TextIO

from ionport.core.secrets import DOTS
from ionport.core.telemetry import bound_ids

_NAMED = re.compile(
    r"""(?ix)
    (["']? \b (?: access_token | refresh_token | client_secret | client_assertion | assertion
        | password | passwd | username | code | code_verifier | token | secret | saak | sask | cs
        | api[_-]?key | x-api-key | cookie | set-cookie | csrf_token | session ) \b ["']?
        \s* (?: = | : | %3D ) \s* ["']? )
    ( [^\s"'&,;}\]]+ )
    """
)
_AUTHORIZATION = re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{6,}")
_LONG_SECRET = re.compile(r"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{80,}(?![A-Za-z0-9_-])")
_JWT = re.compile(r"\beyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)?")


def _spelled(word: str) -> str:
    """Return a pattern of a word as it stands, or percent-encoded any number of times."""
    return "".join(
        f"(?:{re.escape(sign)}|%(?:25)*(?:{ord(sign):02x}|{ord(sign.upper()):02x}))"
        for sign in word
    )


_SLASH = rf"(?:{_spelled('/')}|{_spelled(chr(92))})"
# What stands before the secret of a one-time link, and before what OpenID sign-in comes back with.
_ONE_TIME = (
    rf"(?i)({_SLASH}{_spelled('set')}(?:{_spelled('-')})?(?:{_spelled('up')}|{_spelled('password')})"
    rf"{_SLASH}|{_SLASH}{_spelled('openid')}{_SLASH}+{_spelled('return')})"
)
_ONE_TIME_LINK = re.compile(_ONE_TIME + r"""[^\s"'<>]+""")
_ONE_TIME_PATH = re.compile(_ONE_TIME + r"(?s:.+)")

# Every pattern above needs one of these, or a long text: most words of a log have neither.
_SUSPECT: Final = ("=", ":", "%", "bearer", "basic", "eyj", "set", "openid")
_SUSPECT_PATH: Final = ("%", "set", "openid")
_SHORTEST_SECRET = 80

# The attributes of every record; the others were added by the caller. uvicorn adds the same
# text once more, with the colours of a terminal.
_OWN_NAMES: Final = frozenset(
    (*vars(logging.makeLogRecord({})), "message", "asctime", "taskName", "color_message")
)
_PLACED: Final = frozenset(("timestamp", "level", "event", "logger", "exception"))
_PLAIN: Final = re.compile(r"[!#-&(-<>-~]+")


def redact(text: str) -> str:
    """Return `text` with everything that looks like a credential replaced by dots."""
    if len(text) < _SHORTEST_SECRET and not _has_any(_SUSPECT, text):
        return text
    text = _JWT.sub(DOTS, text)
    text = _AUTHORIZATION.sub(lambda match: f"{match[1]} {DOTS}", text)
    text = _NAMED.sub(lambda match: f"{match[1]}{DOTS}", text)
    text = _ONE_TIME_LINK.sub(lambda match: f"{match[1]}{DOTS}", text)
    return _LONG_SECRET.sub(DOTS, text)


def redact_path(path: str) -> str:
    """Return a path without the secret of a one-time link, whatever else stands in it.

    In any spelling of the link: a server without that page logs the path all the same.
    """
    if not _has_any(_SUSPECT_PATH, path):
        return path
    return _ONE_TIME_PATH.sub(lambda match: f"{match[1]}{DOTS}", path)


def _has_any(words: Iterable[str], text: str) -> bool:
    folded = text.casefold()
    for word in words:  # noqa: SIM110  a generator would take as long as all the rest
        if word in folded:
            return True
    return False


class LineFormatter(logging.Formatter):
    """Writes a record as one redacted line, as text or as JSON, with the ids of `core.telemetry`.

    One function instead of a chain of processors: each request leaves a line.
    """

    def __init__(self, log_format: str) -> None:
        super().__init__()
        self._written = _as_json if log_format == "json" else _as_text

    def format(self, record: logging.LogRecord) -> str:
        facts = {"event": redact(record.getMessage())}
        for name, value in vars(record).items():
            if name not in _OWN_NAMES:
                facts[name] = _redacted(value)
        for name, text in bound_ids().items():
            facts.setdefault(name, redact(text))
        facts["level"] = record.levelname.lower()
        facts["logger"] = record.name
        moment = datetime.fromtimestamp(record.created, UTC)
        facts["timestamp"] = moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
        if record.exc_info and record.exc_info[0]:
            trace = "".join(traceback.format_exception(*record.exc_info))
            facts["exception"] = redact(trace.rstrip())
        return self._written(facts)


def _redacted(value: Any) -> Any:
    if isinstance(value, str):
        return redact(value)
    return value if value is None or isinstance(value, (int, float)) else redact(str(value))


_as_json: Final = json.JSONEncoder(ensure_ascii=False).encode


def _as_text(facts: Mapping[str, Any]) -> str:
    pairs = [f"{name}={_quoted(value)}" for name, value in facts.items() if name not in _PLACED]
    head = f"{facts['timestamp']} [{facts['level']:<8}] {facts['event']:<30} [{facts['logger']}]"
    trace = f"\n{facts['exception']}" if "exception" in facts else ""
    return " ".join([head, *pairs]) + trace


def _quoted(value: Any) -> str:
    return str(value) if _PLAIN.fullmatch(str(value)) else repr(value)


def configure_logging(
    *, level: str = "INFO", log_format: str = "text", stream: TextIO | None = None
) -> None:
    """Send all logging of the process to `stream` (standard error), redacted.

    Call once at start. Ids that `core.telemetry` binds (request, tenant, organization, delivery)
    appear in each line of the request or delivery.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(LineFormatter(log_format))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers[:] = []
        logger.propagate = name != "uvicorn.access"
    for name in ("httpx2", "httpcore2", "dbos", "alembic", "asyncssh"):
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
