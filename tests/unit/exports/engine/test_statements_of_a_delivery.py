"""How often a delivery asks the database: each statement costs processor time in the worker."""

from __future__ import annotations

from ionport.exports.engine.runner import DeliveryRunner
from ionport.exports.model import OutcomeKind
from tests.support.statements import statements_of
from tests.unit.exports.conftest import Walk

MOST = 46


def test_a_delivery_to_idm_and_ion_runs_few_statements(walk: Walk, runner: DeliveryRunner) -> None:
    walk.run(runner, walk.exported("471101"))
    delivery_id = walk.exported("471102")
    with statements_of(walk.side.database) as asked:
        assert walk.run(runner, delivery_id).kind is OutcomeKind.DONE
    told = "\n".join(statement.partition("\n")[0][:120] for statement, _values in asked.run)
    assert len(asked.run) <= MOST, told
