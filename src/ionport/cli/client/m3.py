"""`ionport m3 run` and `ionport m3 load`: transactions of M3 from the command line."""

from __future__ import annotations

import csv
import hashlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from ionport.cli.client.opening import (
    assignment,
    calling,
    client_of,
    credential_option,
    read_credential,
)
from ionport.cli.client.rows import read_rows
from ionport.cli.output import as_json_option, print_json, print_rows
from ionport.ionapi import IonApiClient
from ionport.ionapi.errors import IonApiError
from ionport.ionapi.loading.journal import Journal, LoadIdentity, RowResult, RowState
from ionport.ionapi.loading.loader import CONCURRENCY, Load, Row
from ionport.ionapi.m3 import DEFAULT_RECORDS, MAX_BULK, M3Request

_NOT_DONE = 1
_MOST_SHOWN = 20
_RETRIES = {"refused": RowState.REFUSED, "unknown": RowState.UNKNOWN}

_company = click.option("--company", default="", help="Company (CONO); default: the user's own.")
_division = click.option("--division", default="", help="Division (DIVI); default: the user's own.")


@click.group()
def m3() -> None:
    """Call M3 with an .ionapi file."""


@m3.command("run")
@click.argument("program")
@click.argument("transaction")
@click.argument("fields", nargs=-1, metavar="[FIELD=VALUE]...")
@credential_option
@_company
@_division
@click.option("--columns", default="", help="Fields to return, separated by commas; default: all.")
@click.option(
    "--most",
    type=click.IntRange(0, 100_000),
    default=DEFAULT_RECORDS,
    show_default=True,
    help="How many records M3 returns at most; 0: all.",
)
@click.option("--write", is_flag=True, help="The transaction changes something: never repeat it.")
@as_json_option
def m3_run(
    program: str,
    transaction: str,
    fields: tuple[str, ...],
    credential: Path,
    company: str,
    division: str,
    columns: str,
    most: int,
    write: bool,
    as_json: bool,
) -> None:
    """Run one TRANSACTION of a PROGRAM and print its records.

    For example: ionport m3 run CRS620MI GetBasicData SUNO=S1000 --with DocBits.ionapi
    """
    record = dict(assignment(each) for each in fields)
    returned = tuple(name.strip() for name in columns.split(",") if name.strip())
    with calling(credential, as_json=as_json, writes=write) as client:
        if write:
            request = M3Request(transaction, record, returned)
            (result,) = client.m3.bulk(program, [request], company=company, division=division)
            if result.error is not None:
                raise result.error
        else:
            result = client.m3.execute(
                program,
                transaction,
                record,
                company=company,
                division=division,
                return_columns=returned,
                max_records=most,
            )
    rows = [dict(each) for each in result.records]
    shown = returned or tuple(dict.fromkeys(name for row in rows for name in row))
    filled = [{name: row.get(name, "") for name in shown} for row in rows]
    print_rows(rows if as_json else filled, as_json=as_json, shown=shown, empty="No records.")


@m3.command("load")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("program")
@click.argument("transaction")
@credential_option
@_company
@_division
@click.option("--sheet", default="", help="Sheet of a workbook; default: the first.")
@click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="TITLE=FIELD",
    help="The field that a column of another title is; TITLE= leaves the column out.",
)
@click.option("--return", "returned", default="", help="Fields to keep of each answer: INBN,…")
@click.option(
    "--concurrency",
    type=click.IntRange(1, 32),
    default=CONCURRENCY,
    show_default=True,
    help="Calls at once; 1 keeps the rows' order.",
)
@click.option(
    "--batch",
    type=click.IntRange(1, MAX_BULK),
    default=MAX_BULK,
    show_default=True,
    help="Rows of a call at most.",
)
@click.option(
    "--retry",
    type=click.Choice(list(_RETRIES)),
    multiple=True,
    help="Send rows again that M3 refused, or of which nobody knows what became.",
)
@click.option(
    "--journal",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where to keep what is done, so that the load can be continued; default: FILE.load.",
)
@click.option(
    "--results",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where to write what became of each row; default: FILE.results.csv.",
)
@as_json_option
def m3_load(
    file: Path,
    program: str,
    transaction: str,
    credential: Path,
    company: str,
    division: str,
    sheet: str,
    columns: tuple[str, ...],
    returned: str,
    concurrency: int,
    batch: int,
    retry: tuple[str, ...],
    journal: Path | None,
    results: Path | None,
    as_json: bool,
) -> None:
    """Load the rows of FILE (CSV, or Excel with the extra 'xlsx') into M3.

    The first row names the fields. What became of each row stands in FILE.results.csv, refused
    rows with M3's reason; these stand in FILE.refused.csv too, to be corrected and loaded.

    A load that ended early is continued by the same command: rows that are done are not sent
    again, and rows whose answer was lost only with `--retry unknown`.

    Exit status 1 unless every row is done.
    """
    rows = list(read_rows(file, sheet=sheet, fields=dict(map(assignment, columns))))
    load = Load(
        program,
        transaction,
        company=company,
        division=division,
        return_columns=tuple(filter(None, map(str.strip, returned.split(",")))),
        concurrency=concurrency,
        batch=batch,
    )
    credentials = read_credential(credential)
    identity = LoadIdentity(program, transaction, company, division, credentials.ti, _digest(rows))
    wanted, failure = frozenset(_RETRIES[name] for name in retry), None
    path = journal or file.with_name(f"{file.name}.load")
    with Journal(path, identity) as kept, client_of(credentials) as client:
        try:
            _run(load, client, rows, kept, wanted)
        except IonApiError as error:
            failure = error
        ends = dict(_ends(rows, kept))
    _write_refused(file.with_name(f"{file.name}.refused.csv"), rows, ends)
    target = results or file.with_name(f"{file.name}.results.csv")
    _end(rows, ends, target, failure, as_json=as_json)


def _end(
    rows: Sequence[Row],
    ends: Mapping[int, RowResult],
    target: Path,
    failure: IonApiError | None,
    *,
    as_json: bool,
) -> None:
    """Write and tell what became of the rows, and exit."""
    _write_results(target, rows, ends)
    counts = {
        "rows": len(rows),
        **{state.value: _number(ends, state) for state in RowState},
        "left": len(rows) - len(ends),
    }
    if as_json:
        print_json({**counts, "results": str(target), "error": failure.message if failure else ""})
    else:
        _tell(counts, rows, ends, target)
    if failure is not None:
        click.echo(f"The load ended early: {failure.message} {failure.remedy}".rstrip(), err=True)
    click.get_current_context().exit(0 if counts["done"] == len(rows) else _NOT_DONE)


def _run(
    load: Load,
    client: IonApiClient,
    rows: Sequence[Row],
    journal: Journal,
    retry: frozenset[RowState],
) -> None:
    known = sum(1 for _row, result in _ends(rows, journal) if result.state not in retry)
    with click.progressbar(
        length=len(rows), label="Loading", file=sys.stderr, show_pos=True
    ) as progress:
        progress.update(known)
        load.run(
            client,
            rows,
            journal,
            retry=retry,
            on_results=lambda results: progress.update(len(results)),
        )


def _ends(rows: Sequence[Row], journal: Journal) -> Iterator[tuple[int, RowResult]]:
    """Yield the journal's state of each row, also of those without an answer."""
    unknown = set(journal.unknown())
    for row in rows:
        if result := journal.results.get(row.number):
            yield row.number, result
        elif row.number in unknown:
            yield row.number, RowResult(row.number, RowState.UNKNOWN, message=_LOST)


_LOST = "The load ended before M3 answered: look in M3 whether the row is there."


def _write_results(path: Path, rows: Sequence[Row], ends: Mapping[int, RowResult]) -> None:
    """Write each row with its end."""
    fields = _fields(rows)
    returned = list(dict.fromkeys(name for end in ends.values() for name in end.returned))
    told = [f"returned {name}" for name in returned]
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["row", "state", "code", "field", "message", *told, *fields])
        for row in rows:
            end = ends.get(row.number)
            facts = [end.state, end.code, end.field, end.message] if end else ["left", "", "", ""]
            back = [end.returned.get(name, "") if end else "" for name in returned]
            cells = [row.number, *facts, *back, *(row.record.get(name, "") for name in fields)]
            writer.writerow([_harmless(cell) for cell in cells])


def _write_refused(path: Path, rows: Sequence[Row], ends: Mapping[int, RowResult]) -> None:
    """Write the rows that M3 refused as a file to correct and to load; removed when none is."""
    refused = [row for row in rows if _state(ends, row) is RowState.REFUSED]
    if not refused:
        path.unlink(missing_ok=True)
        return
    fields = _fields(refused)
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(fields)
        writer.writerows([row.record.get(name, "") for name in fields] for row in refused)


def _state(ends: Mapping[int, RowResult], row: Row) -> RowState | None:
    end = ends.get(row.number)
    return end.state if end else None


def _fields(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row.record))


def _harmless(cell: Any) -> str:
    """Keep a spreadsheet from taking a text for a formula."""
    text = str(cell)
    return f"'{text}" if text[:1] in ("=", "+", "@", "\t", "\r") else text


def _tell(
    counts: Mapping[str, int], rows: Sequence[Row], ends: Mapping[int, RowResult], path: Path
) -> None:
    click.echo(
        f"{counts['rows']:,} rows: {counts['done']:,} done, {counts['refused']:,} refused,"
        f" {counts['unknown']:,} unknown, {counts['left']:,} left."
    )
    bad = [ends[row.number] for row in rows if row.number in ends]
    bad = [end for end in bad if end.state is not RowState.DONE]
    print_rows(
        [asdict(end) for end in bad[:_MOST_SHOWN]],
        as_json=False,
        shown=("row", "state", "code", "field", "message"),
        empty="",
    )
    if len(bad) > _MOST_SHOWN:
        click.echo(f"… and {len(bad) - _MOST_SHOWN:,} more.")
    click.echo(f"Each row's end is in {path}.")
    if counts["refused"]:
        click.echo("Refused rows stand in FILE.refused.csv too: correct them, and load that file.")


def _number(ends: Mapping[int, RowResult], state: RowState) -> int:
    return sum(end.state is state for end in ends.values())


def _digest(rows: Sequence[Row]) -> str:
    """Return the digest of these rows."""
    digest = hashlib.sha256()
    for row in rows:
        digest.update(repr((row.number, sorted(row.record.items()))).encode())
    return digest.hexdigest()
