"""Targets of which a share of all calls fails, in every way that each of them can, by a seed."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any, Self
from urllib.parse import urlsplit

import httpx2

from ionport.application import open_application
from ionport.exports.model import ExportMethod
from ionport.identity.access import Access
from ionport.sandbox.control.controls.faults import (
    AUTHORIZATION_SERVER,
    FaultDraft,
    FaultKind,
    FaultRule,
    FaultTarget,
    Trigger,
    applies,
)
from ionport.settings import Side
from ionport.store import TenantScope
from tests.promises.infor import Target
from tests.promises.wire import Relay, passed_on
from tests.support import sides
from tests.support.intermediary import Call, Intermediary

SHARE = 0.2
_NOBODY = FaultDraft(FaultKind.STATUS, status=503)
# What the answer of a service can be instead of its own, once each.
_DRAFTS = (
    _NOBODY,
    replace(_NOBODY, status=500, after_commit=True),
    replace(_NOBODY, status=507),
    FaultDraft(FaultKind.TOO_MANY_REQUESTS, seconds=1),
    FaultDraft(FaultKind.LATENCY, seconds=0.2),
    FaultDraft(FaultKind.SLOW_BODY, seconds=0.2),
    FaultDraft(FaultKind.CUT_BEFORE_COMMIT),
    FaultDraft(FaultKind.CUT_AFTER_COMMIT),
    FaultDraft(FaultKind.BROKEN_JSON),
    FaultDraft(FaultKind.HTML),
    FaultDraft(FaultKind.UNAUTHORIZED),
)
_LOGINS = tuple(
    replace(draft, target=FaultTarget(AUTHORIZATION_SERVER))
    for draft in (_NOBODY, FaultDraft(FaultKind.CUT_BEFORE_COMMIT))
)


def drafts(seed: int) -> Iterator[FaultDraft]:
    """Return rules that together let `SHARE` of the calls of a service, and of logins, fail.

    Each of them applies soon, so that a short test has all of them.
    """
    chosen = random.Random(seed)
    for group, soon in ((_DRAFTS, 30), (_LOGINS, 2)):
        each = 1 - (1 - SHARE) ** (1 / len(group))
        for draft in group:
            rule = replace(draft, trigger=Trigger.PROBABILITY, figure=each)
            while not _applies_within(soon, rule):
                rule = replace(rule, seed=chosen.randrange(2**31))
            yield rule


def _applies_within(calls: int, draft: FaultDraft) -> bool:
    rule = FaultRule("", "", draft, 0, 0, datetime.now(UTC), "")
    return any(applies(rule, number + 1) for number in range(calls))


@contextmanager
def failing(target: Target, seed: int) -> Iterator[list[dict[str, int]]]:
    """Let calls of the Infor side fail for the time of the block; yield what the rules counted."""
    counted: list[dict[str, int]] = []
    with _control_client(target) as client:
        for draft in drafts(seed):
            client.post("/faults", json=_json(draft)).raise_for_status()
        try:
            yield counted
        finally:
            counted += client.get("/faults").raise_for_status().json()["faults"]
            client.delete("/faults").raise_for_status()


def _control_client(target: Target) -> httpx2.Client:
    """Return a client of the control plane with a key for it."""
    with closing(open_application(sides.settings_of(target.folder, Side.INFOR))) as application:
        assert application.infor is not None
        scope = TenantScope(application.tenant.id)
        with application.database.write() as work:
            access = Access(work, scope, sides.OPERATOR)
            _key, secret = application.infor.control.keys.create(access, "faults")
    return httpx2.Client(
        base_url=f"{target.url}/_control/{scope.tenant_id}",
        headers={"Authorization": f"Bearer {secret.reveal()}"},
        timeout=30,
    )


def _json(draft: FaultDraft) -> dict[str, Any]:
    values = asdict(draft)
    return {**values.pop("target"), **values}


class FailingReceiver(Intermediary):
    """Stands before a receiver of webhooks; the first call, and a share of the others, fails."""

    def __init__(self, target: str, seed: int) -> None:
        super().__init__(target)
        self._random = random.Random(seed)
        self.failed: Counter[str] = Counter()

    def handle(self, call: Call) -> None:
        """Pass it on, or fail in one of these ways."""
        ways = ("cut", "cut behind", "503", "500 behind", "429", "401")
        fails = not self.failed or self._random.random() < SHARE
        way = self._random.choice(ways) if fails else ""
        self.failed[way] += 1
        if not way:
            passed_on(call)
            return
        body = call.read()
        if way.endswith("behind"):
            call.forward(body)
        if way.startswith("cut"):
            call.cut()
        else:
            headers = [("Retry-After", "1")] if way == "429" else []
            call.answer(int(way.partition(" ")[0]), headers, b"")


class FailingLine(Relay):
    """The line to a server: the first connection, and a share of the others, is cut."""

    def __init__(self, port: int, seed: int) -> None:
        super().__init__(("127.0.0.1", port))
        self._random = random.Random(seed)
        self.cuts = 0

    def limit(self) -> int | None:
        if self.cuts and self._random.random() >= SHARE:
            return None
        self.cuts += 1
        return self._random.randrange(1, 60_000)


class FailingLines:
    """Makes lines to the servers of methods that fail by a seed, for the time of the block."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._open = ExitStack()
        self.receiver: FailingReceiver | None = None
        self.cut: dict[ExportMethod, FailingLine] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def through(self, method: ExportMethod, port: int) -> int:
        """Return the port of a line to a server's port."""
        if method is ExportMethod.WEBHOOK:
            self.receiver = FailingReceiver(f"http://127.0.0.1:{port}", self._seed)
            return int(urlsplit(self._open.enter_context(self.receiver).url).port or 0)
        self.cut[method] = self._open.enter_context(FailingLine(port, self._seed))
        return self.cut[method].port

    def told(self) -> str:
        """Return how often each has failed."""
        calls = {} if self.receiver is None else dict(self.receiver.failed)
        return (
            f"webhook {calls}, cut { ({str(each): line.cuts for each, line in self.cut.items()}) }"
        )
