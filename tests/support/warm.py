"""What `tests.support.forked` does once, before it makes processes: the imports and the schema."""

from __future__ import annotations

import importlib

from tests.support import prepared_schema

for _name in ("sandbox.commands", "serving.commands", "serving.server"):
    importlib.import_module(f"ionport.cli.{_name}")
prepared_schema.migrated()
