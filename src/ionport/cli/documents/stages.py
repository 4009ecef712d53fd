"""Prints the stages of a proof at the command line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import click

_MARKS = {"passed": "✓", "failed": "✗", "not_applicable": "-", "skipped": "·"}


class _Stage(Protocol):
    @property
    def summary(self) -> str: ...

    @property
    def cause(self) -> str: ...

    @property
    def remedy(self) -> str: ...

    @property
    def code(self) -> str: ...

    @property
    def parameters(self) -> Mapping[str, str]: ...


def stage_row(
    key: str, title: str, state: str, milliseconds: float | None, stage: _Stage
) -> dict[str, Any]:
    """Return one stage as a row for people and machines; times in milliseconds."""
    return {
        "stage": key,
        "title": title,
        "state": state,
        "milliseconds": None if milliseconds is None else round(milliseconds, 1),
        "summary": stage.summary,
        "cause": stage.cause,
        "remedy": stage.remedy,
        "code": stage.code,
        "parameters": dict(stage.parameters),
    }


def print_stage(row: dict[str, Any]) -> None:
    """Print one stage with its mark and time; on failure the cause and the remedy."""
    time = "" if row["milliseconds"] is None else f" ({row['milliseconds']:.0f} ms)"
    click.echo(f"  {_MARKS.get(row['state'], '?')} {row['title']}{time}: {row['summary']}".rstrip())
    for label in ("cause", "remedy"):
        if row[label]:
            click.echo(f"      {label.capitalize()}: {row[label]}")
