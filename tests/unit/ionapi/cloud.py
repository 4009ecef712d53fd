"""Files as Infor's cloud gives them."""

from __future__ import annotations

import json
from typing import Any

from ionport.ionapi import IonApiFile
from tests.unit.ionapi.loopback import TENANT

CLOUD = "https://mingle-sso.eu1.inforcloudsuite.com:443"


def content(**changes: Any) -> dict[str, Any]:
    """The JSON of a cloud service account's file; None removes a key."""
    data = {
        "ti": TENANT,
        "cn": "My App",
        "dt": "12",
        "ci": f"{TENANT}~{'c' * 43}",
        "cs": "S" * 86,
        "iu": "https://mingle-ionapi.eu1.inforcloudsuite.com",
        "pu": f"{CLOUD}/{TENANT}/as/",
        "oa": "authorization.oauth2",
        "ot": "token.oauth2",
        "or": "revoke_token.oauth2",
        "ev": "V1480769020",
        "v": "1.0",
        "saak": f"{TENANT}#{'K' * 86}",
        "sask": "P" * 86,
    } | changes
    return {key: value for key, value in data.items() if value is not None}


def parsed(**changes: Any) -> IonApiFile:
    return IonApiFile.parse(json.dumps(content(**changes)))
