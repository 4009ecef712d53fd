"""Records what OAuth, gateway, sandbox and control plane answer; compares it byte by byte.

    python -m tools.recorded_answers --write FILE      before a change of structure
    python -m tools.recorded_answers --compare FILE    after it: status 1 and the differences
    python -m tools.recorded_answers --renew           the digests that a test compares

The Infor side runs in this process, put together as `ionport up --sandbox` does it, on SQLite,
with a clock that stands still and with ids, secrets and keys that are the same in each run
(`recording.frozen`). So nothing is taken out of an answer but the port of the target behind the
gateway, which the system chooses, and the order of methods in Allow, which Starlette leaves open.

The requests come from the tables of routes: the paths of OAuth, the OpenAPI documents of the
imitated services and of the control plane, each with what is right, wrong and not allowed.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import logging
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from tools.recording.frozen import Frozen

ROOT: Final = Path(__file__).parents[1]
DIGESTS: Final = ROOT / "tests" / "functional" / "recorded_answers.txt"
_MOST_SHOWN: Final = 40
_TARGET: Final = "http://target.example"
_SECTION: Final = 10_000


@dataclass(frozen=True, slots=True)
class Recorded:
    """A request and its answer; a body that is no text is kept as its digest."""

    route: str
    case: str
    request: str
    status: int
    headers: Sequence[Sequence[str]]
    body: str

    @property
    def key(self) -> tuple[str, str]:
        return self.route, self.case


def record() -> list[Recorded]:
    """Ask everything once. Changes this process for good: see `Frozen.install`."""
    frozen = Frozen()
    frozen.install()
    logging.disable(logging.CRITICAL)
    with tempfile.TemporaryDirectory(prefix="ionport-recording-") as folder:
        return list(_asked(frozen, Path(folder)))


def _asked(frozen: Frozen, folder: Path) -> Iterator[Recorded]:
    from tools.recording import prepared, requests, server

    with ExitStack() as stack:
        target = stack.enter_context(server.target())
        # Each action of the preparation is a step of its own, so that one more shifts no other.
        frozen.step(1)
        with server.serving(folder):
            # The commands below want a data folder that a server has made.
            pass
        frozen.step(2)
        server.command(
            *(folder, "user", "add", "ada", "--administrator", "--password-stdin"),
            stdin=server.PASSWORD,
        )
        frozen.step(3)
        app = stack.enter_context(server.serving(folder))
        asker, browser = server.Asker(app), server.Asker(app)
        stack.callback(asker.close)
        stack.callback(browser.close)
        client = prepared.client(folder, asker, browser, target, frozen.step)
        state: dict[str, str] = {}
        sections = requests.sections(asker, client, browser, state)
        for number, section in enumerate(sections, start=1):
            frozen.step(number * _SECTION)
            for step, ask in enumerate(section, start=1):
                frozen.step(number * _SECTION + step)
                answer = asker.ask(ask.method, ask.target, ask.headers, ask.body)
                prepared.remember(ask, answer, state)
                yield _recorded(ask, answer, target)


def _recorded(ask: Any, answer: Any, target: str) -> Recorded:
    try:
        body = answer.body.decode().replace(target, _TARGET)
    except UnicodeDecodeError:
        body = f"sha256 {hashlib.sha256(answer.body).hexdigest()}"
    return Recorded(
        ask.route,
        ask.case,
        f"{ask.method} {ask.target}",
        answer.status,
        [[name, _header(name, value.replace(target, _TARGET))] for name, value in answer.headers],
        body,
    )


def _header(name: str, value: str) -> str:
    """Starlette's routes keep their methods in a set, whose order differs from run to run."""
    return ", ".join(sorted(value.split(", "))) if name == "allow" else value


def write(found: Iterable[Recorded], path: Path) -> None:
    """Keep a recording in a file: lines of JSON, compressed."""
    lines = (json.dumps([getattr(each, name) for name in Recorded.__slots__]) for each in found)
    path.write_bytes(gzip.compress("\n".join(lines).encode(), mtime=0))


def read(path: Path) -> list[Recorded]:
    """Return the recording of a file."""
    lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    return [Recorded(*json.loads(line)) for line in lines]


def differences(before: Iterable[Recorded], now: Iterable[Recorded]) -> list[str]:
    """Return a line for each request that is answered otherwise, or asked in one of them only."""
    old, new = ({each.key: each for each in recorded} for recorded in (before, now))
    lines = [f"- no longer asked: {' | '.join(key)}" for key in old if key not in new]
    lines += [f"+ not asked before: {' | '.join(key)}" for key in new if key not in old]
    for key, was in old.items():
        if key in new and was != new[key]:
            lines += [f"! {' | '.join(key)}: {was.request}", *_told(was, new[key])]
    return lines


def _told(was: Recorded, now: Recorded) -> Iterator[str]:
    if was.request != now.request:
        yield f"    request  {now.request}"
    if was.status != now.status:
        yield f"    status   {was.status} -> {now.status}"
    yield from (
        f"    header   - {': '.join(each)}" for each in was.headers if each not in now.headers
    )
    yield from (
        f"    header   + {': '.join(each)}" for each in now.headers if each not in was.headers
    )
    if was.body != now.body:
        at = next(
            (place for place, (a, b) in enumerate(zip(was.body, now.body, strict=False)) if a != b),
            min(len(was.body), len(now.body)),
        )
        start = max(at - 60, 0)
        yield f"    body     - …{was.body[start : at + 100]!r}"
        yield f"    body     + …{now.body[start : at + 100]!r}"


def digests(found: Iterable[Recorded]) -> str:
    """Return a line for each route: the digest of all that was answered there, and its cases."""
    by_route = sorted(found, key=lambda each: each.route)
    return "".join(
        f"{_digest(list(asked))} {route}\n"
        for route, asked in groupby(by_route, key=lambda each: each.route)
    )


def _digest(asked: Sequence[Recorded]) -> str:
    text = json.dumps([[getattr(each, name) for name in Recorded.__slots__] for each in asked])
    return f"{hashlib.sha256(text.encode()).hexdigest()[:16]} {len(asked):>3}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Record, and do what the arguments say; 1 when something differs."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    choice = parser.add_mutually_exclusive_group(required=True)
    choice.add_argument("--write", type=Path, metavar="FILE")
    choice.add_argument("--compare", type=Path, metavar="FILE")
    choice.add_argument("--renew", action="store_true", help=f"write {DIGESTS.name} anew")
    choice.add_argument("--digests", action="store_true", help="print what --renew would write")
    options = parser.parse_args(arguments)
    found = record()
    if options.write:
        write(found, options.write)
    elif options.compare:
        lines = differences(read(options.compare), found)
        print("\n".join(lines[: _MOST_SHOWN * 6]) or f"{len(found)} answers are the same")  # noqa: T201
        return 1 if lines else 0
    elif options.renew:
        DIGESTS.write_text(digests(found), encoding="utf-8")
    else:
        print(digests(found), end="")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
