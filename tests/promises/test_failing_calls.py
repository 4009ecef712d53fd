"""A fifth of all calls fails, in every way: each document arrives once by every method.

`IONPORT_CHAOS_DOCUMENTS` makes the test longer (`make chaos`): so many documents, shared out among
the methods, and on PostgreSQL too. A seed that is printed repeats its choices.
"""

from __future__ import annotations

import os
import random
from functools import partial
from pathlib import Path

import pytest

from tests.promises.conftest import Installer
from tests.promises.everywhere import METHODS, Everywhere, counterparts
from tests.promises.failing import SHARE, FailingLines, failing
from tests.promises.infor import Target
from tests.promises.workers import Workers
from tests.support.sides import PATIENCE, until

_IS_LONG = "IONPORT_CHAOS_DOCUMENTS" in os.environ
DOCUMENTS = -(-int(os.environ.get("IONPORT_CHAOS_DOCUMENTS") or METHODS) // METHODS)


@pytest.mark.parametrize("database", ["sqlite", *(["postgresql"] if _IS_LONG else [])])
def test_each_document_arrives_once_by_every_method_while_a_fifth_of_all_calls_fails(
    database: str, target: Target, install: Installer, crew: Workers, tmp_path: Path, seed: int
) -> None:
    with FailingLines(seed) as lines, counterparts(tmp_path, lines.through) as others:
        make = partial(install, database)
        everywhere = Everywhere(make, target.credentials, target.counts, others)
        others.places.failing, others.places.share = random.Random(seed), SHARE
        everywhere.export(DOCUMENTS)
        retried = 0

        def is_over() -> bool:
            nonlocal retried
            retried += everywhere.retry_failed()
            return everywhere.ledger.all_delivered()

        with failing(target, seed) as counted:
            here = everywhere.installation
            worker = crew.start(here.folder, here.database_url)
            assert until(is_over, PATIENCE * DOCUMENTS), everywhere.ledger.unfinished()
        worker.stop()
        print({each["kind"]: (each["seen"], each["hits"]) for each in counted}, lines.told())
        print(f"tried again by a person: {retried}")
        assert sum(each["hits"] for each in counted) > 0
        everywhere.assert_each_arrived_once()
