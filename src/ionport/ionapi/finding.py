"""A remark on a credential file, and the remedies that several errors name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .wording import worded

Severity = Literal["error", "warning", "info"]

APPS_MENU = "Infor OS Portal > OS > API Gateway > Authorized Apps"
DOWNLOAD_AGAIN = worded(
    "Download the credentials again ({menu}, open the app, Download Credentials) and "
    "use the new file unchanged.",
    menu=APPS_MENU,
)
SERVICE_ACCOUNT = worded(
    "In {menu} open a Backend Service app, choose Download Credentials and switch on "
    "Create Service Account.",
    menu=APPS_MENU,
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One remark on one key of the file. `text` and `remedy` never contain a secret."""

    severity: Severity
    code: str
    key: str
    text: str
    remedy: str = ""
