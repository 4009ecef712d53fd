"""Structured logs with request, tenant and delivery ids, and redaction of secrets.

Redaction comes in addition to the value objects of `core.secrets`: it knows the shapes of
docs/reference/credentials.md#the-file and of OAuth parameters, in whatever text or URL they turn up
(docs/decisions/0006-secrets-sealed-digested-shown-once.md).
"""

from __future__ import annotations

import logging
import re
import sys
import traceback
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog

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
_SUSPECT = re.compile(r"(?i)[=:%]|bearer|basic|eyJ|set-?(?:up|password)|openid")
_SHORTEST_SECRET = 80


def redact(text: str) -> str:
    """Return `text` with everything that looks like a credential replaced by dots."""
    if len(text) < _SHORTEST_SECRET and _SUSPECT.search(text) is None:
        return text
    text = _JWT.sub(DOTS, text)
    text = _AUTHORIZATION.sub(lambda match: f"{match[1]} {DOTS}", text)
    text = _NAMED.sub(lambda match: f"{match[1]}{DOTS}", text)
    text = _ONE_TIME_LINK.sub(lambda match: f"{match[1]}{DOTS}", text)
    return _LONG_SECRET.sub(DOTS, text)


def redact_path(path: str) -> str:
    """Return a path without the secret of a one-time link, whatever else stands in it.

    However the link is spelled: a server that does not know it writes the line all the same.
    """
    return _ONE_TIME_PATH.sub(lambda match: f"{match[1]}{DOTS}", path)


def configure_logging(
    *, level: str = "INFO", log_format: str = "text", stream: TextIO | None = None
) -> None:
    """Send all logging of the process to `stream` (standard error), redacted.

    Call once at start. Ids that `core.telemetry` binds (request, tenant, organization, delivery)
    appear in each line of the request or delivery.
    """
    target = stream or sys.stderr
    handler = logging.StreamHandler(target)
    renderer: Any = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=target.isatty(), sort_keys=False)
    )
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                structlog.stdlib.ExtraAdder(),
                _add_ids,
                structlog.stdlib.add_log_level,
                structlog.stdlib.add_logger_name,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
            ],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _format_exception,
                _redact_event,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers[:] = []
        logger.propagate = name != "uvicorn.access"
    for name in ("httpx2", "httpcore2", "dbos", "alembic"):
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))


def _add_ids(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    # uvicorn's second text of a line, with the colours of a terminal.
    event.pop("color_message", None)
    for name, value in bound_ids().items():
        event.setdefault(name, value)
    return event


def _format_exception(
    _logger: Any, _name: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    info = event.pop("exc_info", None)
    if info is True:
        info = sys.exc_info()
    if isinstance(info, BaseException):
        info = (type(info), info, info.__traceback__)
    if info and info[0]:
        event["exception"] = "".join(traceback.format_exception(*info))
    return event


def _redact_event(
    _logger: Any, _name: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = redact(value)
        elif not isinstance(value, (int, float, bool, type(None))):
            event[key] = redact(str(value))
    return event
