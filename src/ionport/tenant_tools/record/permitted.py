"""Which calls a recorder passes on to a real tenant: reading ones, unless told otherwise."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Final

from ionport.core.http.endpoints import EndpointTable
from ionport.sandbox.kit.operations import Operation, Service
from ionport.tenant_tools.verify.questions import name_only_reads

_M3_EXECUTES: Final = "/m3api-rest"
_READS: Final = ("GET", "HEAD")
# Empty and dotted parts are dropped on the way; ? and # end a path, and % is decoded once more.
_AMBIGUOUS: Final = re.compile(r"//|/\.{1,2}(/|;|$)|[?#\\]|%[0-9A-Fa-f]{2}")


class Permitted:
    """Tells reading calls from writing ones by the coverage table; in doubt a call writes.

    Args:
        writes: API contexts to which everything is passed on.
    """

    def __init__(self, services: Sequence[Service], writes: Collection[str] = ()) -> None:
        self._writes = {context.lower() for context in writes}
        self._tables = {
            service.context.lower(): EndpointTable(service.operations, ignores_case=True)
            for service in services
        }
        self._reading = {
            (service.context.lower(), operation.name)
            for service in services
            for operation in service.operations
            if operation.only_reads
        }

    def allows(self, method: str, path: str) -> bool:
        """Tell whether a call may go to the tenant; `path` begins with the API context.

        A path that the tenant could read in another way than this table does is never passed on.
        """
        if _AMBIGUOUS.search(path):
            return False
        context, _slash, rest = path.strip("/").partition("/")
        context = context.lower()
        if context in self._writes:
            return True
        table = self._tables.get(context)
        row: Operation | None = None
        if table is not None:
            row = table.find("GET" if method == "HEAD" else method, f"/{rest}".rstrip("/")).row
        if row is not None and row.wire.spread[:1] == ("program",):
            # M3 writes by GET as well: the name of the transaction decides.
            return method in _READS and name_only_reads(rest.rstrip("/").rpartition("/")[2])
        if row is not None:
            # A search that goes by POST because it is long.
            return row.only_reads or (context, row.name) in self._reading
        return method in _READS and not (context == "m3" and rest.startswith(_M3_EXECUTES[1:]))
