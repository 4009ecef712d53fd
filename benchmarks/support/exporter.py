"""The document side of `benchmarks/exports.py`, driven as the commands drive it.

`exporter.py prepare STUB COUNT` fills the data folder of `IONPORT_DATA`: a connection, our own
mapping files, an active configuration, COUNT invoices. `exporter.py pages` makes their pages, as
a server does in the background after a receipt, and prints what they took. `exporter.py run`
launches the engine, says `ready` and obeys lines on its input: `export` puts a delivery of every
document into the ledger, `wait` waits until all are over, `cpu` does nothing; each is answered by
one line of JSON, with the clock and the CPU time used so far. It stops at the end of its input.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from sqlalchemy import text

from ionport.application import Application, open_application
from ionport.connections.intake import prepare_connection
from ionport.connections.quota.service import MOST
from ionport.documents.samples import read_sample
from ionport.exports.configurations.model import ConfigurationFields
from ionport.exports.model import ExportMethod
from ionport.exports.pages.maker import PageMaker
from ionport.identity.access import Access
from ionport.identity.model import Actor
from ionport.mappings.intake import prepared_template
from ionport.mappings.model import MappingKind
from ionport.serving.server import settle_memory
from ionport.settings import Side
from ionport.settings_reading import load_settings
from ionport.store import OrganizationScope

_OPERATOR = Actor.operator("benchmark")
_LONGEST_SECONDS = 600


def prepare(application: Application, stub: str, count: int) -> None:
    """Fill the data folder."""
    side, scope = application.documents, OrganizationScope(application.organization.id)
    assert side is not None
    with application.database.write() as work:
        access = Access(work, scope, _OPERATOR)
        connection = side.connections.upload(access, "B.ionapi", prepare_connection(_file(stub)))
        # The stub has no limits, and Infor's would slow the measured deliveries down.
        free = dict.fromkeys(("calls_minute", "calls_day"), str(MOST))
        side.connections.usage.set_limits(access, connection.id, free)
        idm, bod = (
            side.mappings.add(access, *prepared_template(kind))
            for kind in (MappingKind.IDM, MappingKind.BOD)
        )
        fields = ConfigurationFields(
            title="Invoices to Infor",
            document_type="INVOICE",
            method=ExportMethod.INFOR_IDM_BOD,
            connection_id=connection.id,
            mappings={MappingKind.IDM: idm.mapping_id, MappingKind.BOD: bod.mapping_id},
        )
        made = side.configurations.create(access, fields)
        side.configurations.activate(access, made.id, reason="a benchmark")
    head, _, tail = read_sample("demo-invoice-ubl.xml").decode().partition("<cbc:ID>")
    tail = tail.partition("</cbc:ID>")[2]
    for number in range(count):
        content = f"{head}<cbc:ID>B-{number:05}</cbc:ID>{tail}".encode()
        prepared = side.documents.prepare_receipt(scope, content, f"{number:05}.xml")
        with application.database.write() as work:
            side.documents.receive(Access(work, scope, _OPERATOR), prepared)


def make_pages(application: Application) -> dict[str, float]:
    """Make the pages of all invoices by what a server makes them by, without its rests."""
    side = application.documents
    assert side is not None
    maker = PageMaker(application.database, side.readable_pages, side.mappings, rest=0)
    made, began, before = 0, time.monotonic(), _cpu_seconds()
    while more := maker.look():
        made += more
    seconds, cpu = time.monotonic() - began, _cpu_seconds() - before
    return {"pages": made, "seconds": seconds, "cpu": cpu}


def _file(stub: str) -> bytes:
    content = {
        "ti": "BENCH_TST",
        "cn": "Benchmark",
        "dt": "12",
        "ci": f"BENCH_TST~{'c' * 43}",
        "cs": "S" * 86,
        "iu": stub,
        "pu": f"{stub}/BENCH_TST/as/",
        "oa": "authorization.oauth2",
        "ot": "token.oauth2",
        "or": "revoke_token.oauth2",
        "ev": "V1480769020",
        "v": "1.0",
        "saak": f"BENCH_TST#{'K' * 86}",
        "sask": "P" * 86,
    }
    return json.dumps(content).encode()


def run(application: Application) -> None:
    """Launch the engine and obey."""
    engine = application.delivery_engine()
    engine.launch()
    settle_memory()
    print("ready", flush=True)
    for line in sys.stdin:
        command = line.strip()
        print(json.dumps(_COMMANDS[command](application)), flush=True)
    engine.close()


def _export(application: Application) -> dict[str, float]:
    """Put all deliveries into the ledger in one transaction; the clock starts at its commit."""
    side, scope = application.documents, OrganizationScope(application.organization.id)
    assert side is not None
    with application.database.write() as work:
        ids = work.connection.execute(text("SELECT id FROM documents ORDER BY id")).scalars().all()
        for document_id in ids:
            side.deliveries.export(Access(work, scope, _OPERATOR), document_id)
    return {"at": time.monotonic(), "cpu": _cpu_seconds()}


def _wait(application: Application) -> dict[str, object]:
    # By the index of what is left: looking must not cost what is measured.
    left = "status IN ('pending', 'running', 'waiting')"
    unfinished = text(f"SELECT id FROM deliveries WHERE {left} LIMIT 1")
    deadline = time.monotonic() + _LONGEST_SECONDS
    while time.monotonic() < deadline:
        with application.database.read() as work:
            if work.connection.execute(unfinished).first() is None:
                break
        time.sleep(0.1)
    at, cpu = time.monotonic(), _cpu_seconds()
    with application.database.read() as work:
        rows = work.connection.execute(
            text("SELECT status, count(*) AS number FROM deliveries GROUP BY status")
        )
        return {"at": at, "cpu": cpu, "statuses": {row.status: row.number for row in rows}}


def _used(application: Application) -> dict[str, float]:
    del application
    return {"at": time.monotonic(), "cpu": _cpu_seconds()}


_COMMANDS: dict[str, Callable[[Application], Mapping[str, object]]] = {
    "export": _export,
    "wait": _wait,
    "cpu": _used,
}


def _cpu_seconds() -> float:
    """User and system time of this process and of those it started, ended or not."""
    ended = sum(
        used.ru_utime + used.ru_stime
        for used in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )
    return ended + sum(map(_cpu_of_child, _children()))


def _children() -> list[str]:
    found = []
    for thread in Path("/proc/self/task").iterdir():
        # A thread may end while it is looked at.
        with suppress(OSError):
            found += (thread / "children").read_text("ascii").split()
    return found


def _cpu_of_child(process: str) -> float:
    with suppress(OSError):
        fields = Path(f"/proc/{process}/stat").read_text("ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return 0.0


def main() -> None:
    application = open_application(load_settings(side=Side.DOCUMENTS))
    if sys.argv[1] == "prepare":
        prepare(application, sys.argv[2], int(sys.argv[3]))
    elif sys.argv[1] == "pages":
        print(json.dumps(make_pages(application)))
    else:
        run(application)
    application.close()


if __name__ == "__main__":
    main()
