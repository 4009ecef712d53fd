from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from ionport.core import xml
from ionport.core.errors import InvalidInput
from ionport.exports.acknowledgements.ion_package import IonNames, ion_package

AT = datetime(2026, 3, 5, 10, 11, 12, 345678, tzinfo=UTC)


def test_the_package_has_point_and_flow_under_the_names_and_no_secret() -> None:
    names = IonNames("Acme_Ack", "AcmeSuite", "prod", "Acme_Flow", "acme_ims", "m3be")
    root = xml.parse(ion_package(names, AT))
    assert root.get("creationDate") == "2026-03-05T10:11:12Z"
    point = root.find("ConnectionPoints/ConnectionPoint")
    assert point is not None
    assert (point.findtext("Name"), point.findtext("Type")) == ("Acme_Ack", "ION_API")
    properties = point.find("ConnectionPointProperties")
    assert properties is not None
    assert len(properties) == 0
    told = {
        each.findtext("Name"): each.findtext("Value")
        for each in point.iter("ConnectionPointDocumentGroupProperty")
    }
    assert len(told) == 11
    assert told["operationProxyPath"] == "CustomerApi/AcmeSuite/prod"
    method = json.loads(told["ionApiDef"] or "")["methodDefinition"]
    assert method["operationPath"] == "CustomerApi/AcmeSuite/prod/acknowledgements"
    assert [each["name"] for each in method["input"]] == ["file"]
    activities = list(root.iter("Activity"))
    assert [each.findtext("SequenceNumber") for each in activities] == ["0", "1", "2"]
    assert activities[2].findtext("IonApiConnectionPoint") == "Acme_Ack"
    assert activities[0].findtext("ConnectionPoints") == "acme_ims"


@pytest.mark.parametrize("wrong", ["", "1", "a b", "<x>", "a" * 101, "ä"])
def test_a_wrong_name_is_told_at_its_field(wrong: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        ion_package(replace(IonNames(), suite=wrong), AT)
    assert list(refused.value.fields) == ["suite"]
