"""`ionport verify`: where the sandbox differs from a real tenant, found by calls that only read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from ionport.cli.client.opening import calling, read_credential
from ionport.tenant_tools.verify.asking import Tenant
from ionport.tenant_tools.verify.questions import questions
from ionport.tenant_tools.verify.services import imitated_services
from ionport.tenant_tools.verify.verification import Compared, Report, State
from ionport.tenant_tools.verify.verification import verify as compare

_DIFFERS = 1
_STATES = {
    State.SAME: "same   ",
    State.DIFFERS: "DIFFERS",
    State.REFUSED: "refused",
    State.NOT_ASKED: "-      ",
}
# An item to be found, so that more than empty lists is compared.
_SEED = {"idm": [{"entityName": "M3_SupplierInvoice"}]}


@click.command("verify")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--sandbox",
    type=click.Path(path_type=Path),
    help="The .ionapi of a sandbox that runs; default: one is started for this command.",
)
@click.option(
    "--report",
    type=click.Path(dir_okay=False, path_type=Path),
    default="verify.json",
    show_default=True,
    help="Where to write the differences.",
)
@click.option("--service", "only", multiple=True, help="Only this API context, such as IDM.")
@click.option(
    "--calls",
    type=click.IntRange(1, 1_000),
    default=300,
    show_default=True,
    help="How many calls the tenant gets at most.",
)
@click.option(
    "--rate",
    type=click.FloatRange(0.1, 20),
    default=2.0,
    show_default=True,
    help="How many calls in a second at most.",
)
@click.option("--list", "lists", is_flag=True, help="Print what would be asked, and ask nothing.")
def verify(
    file: Path,
    sandbox: Path | None,
    report: Path,
    only: tuple[str, ...],
    calls: int,
    rate: float,
    lists: bool,
) -> None:
    """Compare the tenant of FILE with the sandbox, by GET calls that change nothing.

    The report holds operations, places and kinds of values, and no value, name or address of the
    tenant: it can be sent to the project. Exit status 1 when there are differences.
    """
    wanted = {name.lower() for name in only}
    asked = [
        question
        for question in questions(imitated_services())
        if not wanted or question.service.lower() in wanted
    ]
    if lists:
        for question in asked:
            click.echo(f"{question.address}  {question.name}")
        return
    environment = read_credential(file).environment or ""
    with calling(file) as real, _sandbox(sandbox) as ours, calling(ours) as own:
        found = compare(
            Tenant(real, calls, 1 / rate),
            Tenant(own, 2 * calls),
            asked,
            environment=environment,
            progress=_tell,
        )
    _write(report, found)
    _summary(found, report)
    if found.count(State.DIFFERS):
        raise click.exceptions.Exit(_DIFFERS)


@contextmanager
def _sandbox(given: Path | None) -> Iterator[Path]:
    if given is not None:
        yield given
        return
    from ionport.testing.start import started_infor

    with started_infor() as infor:
        infor.seed(_SEED)
        yield infor.ionapi_file()


def _tell(compared: Compared) -> None:
    question = compared.question
    click.echo(f"{_STATES[compared.state]}  {question.service}  {question.name}")
    for each in compared.differences:
        place = f" {each.place}" if each.place else ""
        sides = f"tenant {each.tenant or '-'}, sandbox {each.sandbox or '-'}"
        click.echo(f"           {each.kind.value}{place}: {sides}")


def _write(path: Path, found: Report) -> None:
    text = json.dumps(found.as_json(), ensure_ascii=False, indent=1)
    try:
        path.write_text(f"{text}\n", encoding="utf-8")
    except OSError as error:
        raise click.ClickException(f"{path} cannot be written: {error.strerror}.") from error


def _summary(found: Report, path: Path) -> None:
    same, differs, refused, rest = (found.count(state) for state in State)
    click.echo(
        f"{same} operations are the same, {differs} differ, the tenant refused {refused},"
        f" {rest} were not asked; {found.calls} calls. The report is in {path}."
    )
    if found.stopped:
        click.echo(f"It ended early: {found.stopped}.")
