"""Writes NOTICE: `python -m tools.release.notice`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tools.release.locked import ROOT, Locked, development, npm, runtime

PAGE: Final = ROOT / "NOTICE"
_HEAD: Final = """\
ionport
Copyright the authors of ionport

Licensed under the Apache License, Version 2.0 (see LICENSE). ionport is not affiliated with,
endorsed by or sponsored by Infor or DocBits.

This file lists the licences of the packages that ionport's lock files name. It is written by
`python -m tools.release.notice` from the metadata of the installed packages.

Worth knowing before you pass ionport on:
- certifi (a file of certificates) and pikepdf are MPL-2.0 and used as they are; their source is at
  https://pypi.org under their names.
- psycopg (LGPL-3.0-only) comes with the extra `postgres` alone, is loaded as a library and can be
  replaced by another version of itself.
- asyncssh (EPL-2.0 OR GPL-2.0-or-later) comes with the extra `sftp` alone, is used as it is under
  the EPL-2.0, and can be left out: nothing but files of SFTP servers needs it.
- saxonche (MPL-2.0) comes with the extra `xslt` alone and is used as it is; its source is at
  https://saxonica.plan.io. Nothing but stylesheets in XSLT 2.0 and 3.0 needs it.
"""


def notice() -> str:
    """Return the text of NOTICE."""
    return "\n".join(
        [
            _HEAD,
            _section("In the wheel (front-end files from npm)", npm()),
            _section("Installed with the extras server and postgres", runtime()),
            _section("Installed for development, or with the other extras", development()),
        ]
    )


def _section(title: str, packages: Sequence[Locked]) -> str:
    widest = max(len(package.name) for package in packages)
    rows = [f"  {package.name.ljust(widest)}  {package.licence}" for package in packages]
    return "\n".join([title, "", *rows, ""])


if __name__ == "__main__":
    PAGE.write_text(notice(), encoding="utf-8")
