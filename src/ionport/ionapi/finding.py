"""A remark on a credential file, and the remedies that several errors name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "info"]

APPS_MENU = "Infor OS Portal > OS > API Gateway > Authorized Apps"
DOWNLOAD_AGAIN = (
    f"Download the credentials again ({APPS_MENU}, open the app, Download Credentials) and "
    "upload the new file unchanged."
)
SERVICE_ACCOUNT = (
    f"In {APPS_MENU} open a Backend Service app, choose Download Credentials and switch on "
    "Create Service Account."
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One remark on one key of the file. `text` and `remedy` never contain a secret."""

    severity: Severity
    code: str
    key: str
    text: str
    remedy: str = ""
