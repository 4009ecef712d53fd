from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from ionport.core.clock import MovableClock
from ionport.exports.ledger.pass_repository import PassRepository
from ionport.exports.timing import ExportTiming
from ionport.metrics import Metrics
from ionport.store import Database, SystemScope
from tests.support.exporting import document_side
from tests.support.schema import import_all_tables


def test_metrics_show_what_runs_past_its_time(
    database: Database, tmp_path: Path, clock: MovableClock
):
    import_all_tables()
    side = document_side(database, tmp_path / "blobs", clock)
    side.configure(side.connect(_credentials()))
    delivery = side.export(side.receive())
    timing = ExportTiming()
    assert 'ionport_deliveries{status="pending"} 1' in Metrics(database, clock, timing).text()
    with database.write() as work:
        PassRepository(work.connection).claim(
            SystemScope("test"), delivery.id, 1, "wrk_gone", now=clock.now()
        )
    clock.advance(timedelta(seconds=timing.takeover + 1))
    text = Metrics(database, clock, timing).text()
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
