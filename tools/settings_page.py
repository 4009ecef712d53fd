"""Writes the manual's page of settings from the class that defines them."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

from ionport.settings import Settings

PAGE = Path(__file__).parents[1] / "src/ionport/manual/settings.md"


def settings_page() -> str:
    """Return the page as Markdown."""
    defaults = Settings()
    rows = [
        f"| `IONPORT_{item.name.upper()}` | {_shown(getattr(defaults, item.name))}"
        f" | {item.metadata['help']} |"
        for item in fields(Settings)
    ]
    return "\n".join(
        [
            "# Settings",
            "",
            "Each setting is an environment variable. In `ionport.toml` in the data folder, or in",
            "the file that `IONPORT_CONFIG` names, the same names stand in lower case without",
            "`IONPORT_`. The environment wins.",
            "",
            "| setting | default | what it does |",
            "|---|---|---|",
            *rows,
            "",
        ]
    )


def _shown(value: object) -> str:
    text = str(value) if value or isinstance(value, (bool, int)) else ""
    return f"`{text}`" if text else "empty"


if __name__ == "__main__":
    PAGE.write_text(settings_page(), encoding="utf-8")
