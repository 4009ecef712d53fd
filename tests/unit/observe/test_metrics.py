from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from ionport import manual
from ionport.core.clock import MovableClock
from ionport.core.telemetry import Counters
from ionport.exports.ledger.pass_repository import PassRepository
from ionport.exports.timing import ExportTiming
from ionport.observe.metrics import HELP, Metrics
from ionport.store import Database, SystemScope
from tests.support import databases
from tests.support.exporting import document_side
from tests.support.schema import import_all_tables


@pytest.mark.on_each_database
def test_metrics_show_what_runs_past_its_time(
    database: Database, tmp_path: Path, clock: MovableClock
):
    import_all_tables()
    side = document_side(database, tmp_path / "blobs", clock)
    side.configure(side.connect(_credentials()))
    delivery = side.export(side.receive())
    timing = ExportTiming()
    runner = side.runner(timing)
    before = Metrics(database, clock, runner).text().splitlines()
    assert 'ionport_deliveries{status="pending"} 1' in before
    assert "ionport_deliveries_queued 1" in before
    assert "ionport_circuits_open 0" in before
    with database.write() as work:
        PassRepository(work.connection).claim(
            SystemScope("test"), delivery.id, 1, "wrk_gone", now=clock.now()
        )
    clock.advance(timedelta(seconds=timing.takeover + 1))
    text = Metrics(database, clock, runner).text()
    runner.close()
    assert "ionport_deliveries_running_past_lease 1\n" in text
    assert "ionport_export_workers 0\n" in text


def _credentials() -> dict[str, str]:
    return {
        "ti": "IONPORT_TST",
        "ci": "IONPORT_TST~x",
        "cs": "A" * 86,
        "iu": "https://infor.example",
        "pu": "https://infor.example/IONPORT_TST/as/",
        "oa": "authorization.oauth2",
        "ot": "token.oauth2",
        "or": "revoke_token.oauth2",
        "ev": "test",
        "v": "1.1",
        "saak": "IONPORT_TST#" + "a" * 86,
        "sask": "b" * 86,
    }


def test_every_metric_is_explained_and_labels_are_bounded(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, clock: MovableClock
) -> None:
    counters, database = Counters(), databases.with_schema("sqlite", tmp_path)
    monkeypatch.setattr("ionport.observe.metrics.COUNTERS", counters)
    counters.add("tokens", outcome='a "b"\n\\')
    for number in range(1_500):
        counters.add("requests", method="GET", route=f"/{number}", status="404")
    lines = Metrics(database, clock, None).text().splitlines()
    assert 'ionport_tokens_total{outcome="a \\"b\\"\\n\\\\"} 1' in lines
    assert any('route="other"' in line for line in lines)
    assert len(lines) < 1_100
    names = {line.partition("{")[0].split()[0] for line in lines if line[0] != "#"}
    database.close()
    assert names <= {line.split()[2] for line in lines if line.startswith("# HELP")}


def test_every_metric_is_in_the_manual() -> None:
    page = (Path(manual.__file__).parent / "watch.md").read_text(encoding="utf-8")
    assert [name for name in HELP if f"`ionport_{name}`" not in page] == []
