"""Which destination is meant, and that each is whole."""

from __future__ import annotations

import pytest

from ionport.core.errors import InvalidInput
from ionport.exports.destinations import DESTINATIONS, destination_of, destination_with, steps_of
from ionport.exports.model import ExportMethod
from ionport.mappings.model import MappingKind


def test_every_method_has_one_destination() -> None:
    assert [destination_of(method).method for method in ExportMethod] == list(ExportMethod)
    assert len(DESTINATIONS) == len(ExportMethod)
    assert len({destination.label for destination in DESTINATIONS}) == len(DESTINATIONS)
    assert all(destination.summary and destination.calls for destination in DESTINATIONS)
    assert all(len(set(steps_of(method))) == len(steps_of(method)) for method in ExportMethod)


def test_a_destination_is_found_by_the_mapping_files_it_needs() -> None:
    assert destination_with({MappingKind.IDM}).method is ExportMethod.INFOR_IDM
    both = {MappingKind.IDM, MappingKind.BOD}
    assert destination_with(both).method is ExportMethod.INFOR_IDM_BOD
    assert destination_with({MappingKind.BOD}).method is ExportMethod.INFOR_ION_BOD
    with pytest.raises(InvalidInput, match="No export method takes these mapping files: LN"):
        destination_with({MappingKind.LN})
