"""Writes the `.ionapi` file: keys, order, shapes and URL forms of facts/ion-api.md §2."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from ionport.core.secrets import Secret
from ionport.oauth.endpoints import PATHS, Endpoints
from ionport.oauth.model import AuthorizedApp
from ionport.oauth.tenant_settings import UrlFlavour

# The one value that Infor's files of backend services carry; its meaning is not published.
_DT = "12"
_VERSION = "1.0"


@dataclass(frozen=True, slots=True)
class ServiceAccountKeys:
    """Access key and secret key of a service account, in the clear, for one file."""

    access_key: str
    secret_key: Secret


def credentials_content(
    app: AuthorizedApp,
    client_secret: Secret,
    endpoints: Endpoints,
    environment_stamp: str,
    keys: ServiceAccountKeys | None = None,
) -> bytes:
    """Return the file's bytes: one JSON object in UTF-8 without BOM.

    `environment_stamp` is `ev`, the same for all files of an installation. Without `keys` the
    file has no `saak` and no `sask`.
    """
    paths = PATHS[UrlFlavour.CLOUD]
    values = {
        "ti": app.tenant_id,
        "cn": app.name,
        "dt": _DT,
        "ci": app.client_id,
        "cs": client_secret.reveal(),
        "iu": endpoints.iu,
        "pu": endpoints.pu(app.tenant_id),
        "oa": paths.authorization,
        "ot": paths.token,
        "or": paths.revocation,
        "ev": environment_stamp,
        "v": _VERSION,
    }
    if keys is not None:
        values["saak"] = keys.access_key
        values["sask"] = keys.secret_key.reveal()
    return json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode()


def credentials_filename(app: AuthorizedApp) -> str:
    """Return `<app name>.ionapi`, blanks kept; what no file system takes becomes `_`."""
    return re.sub(r'[/\\:*?"<>|]', "_", app.name) + ".ionapi"
