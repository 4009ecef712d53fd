"""The tools: each only reads, with the rights of the server's user, and is audited first.

They know nothing of the protocol (`ionport.mcp.server`), and raise what services raise.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from ionport.core.errors import InvalidInput, NotFound
from ionport.core.http.texts import is_storable
from ionport.core.paging import PageRequest
from ionport.document_side import DocumentSide
from ionport.exports.error_queue.causes import cause_of
from ionport.exports.listing import DeliveryFilter
from ionport.exports.model import DeliveryStatus
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.identity.groups.permissions import Permission
from ionport.identity.model import Actor, ToolAction
from ionport.ionapi import IonApiClient, Timeouts
from ionport.ionapi.idm_query import ItemQuery
from ionport.manual import page_names, read_page
from ionport.manual.answers import MAX_QUESTION, manual
from ionport.mcp.answers import (
    Facts,
    attempt_facts,
    connection_facts,
    delivery_facts,
    item_facts,
    manual_facts,
    records_of,
    step_facts,
)
from ionport.mcp.model import (
    LONGEST_ARGUMENT,
    MOST_RECORDS,
    MOST_ROWS,
    cut,
    require_reading,
)
from ionport.store import Database, OrganizationScope

_BOUND: Final = Timeouts(connect=10, read=45, total=50, login=30)


@dataclass(frozen=True, slots=True)
class Tools:
    """The services of the tools. The scope is what the actor may see of one organization."""

    database: Database
    audit: AuditLog
    documents: DocumentSide
    scope: OrganizationScope
    actor: Actor

    def ask_manual(self, question: str, page: str = "") -> Facts:
        """Answer a question by excerpts of the manual. Raises InvalidInput."""
        asked = _question(question)
        if page and page not in page_names():
            raise _no_page(page)
        self._write_down("ask_manual", {"question": question, "page": page})
        return manual_facts(manual().ask(asked, page or None))

    def read_manual_page(self, page: str) -> Facts:
        """Return a page of the manual as Markdown. Raises NotFound."""
        self._write_down("read_manual_page", {"page": page})
        if page not in page_names():
            raise _no_page(page)
        found = read_page(page)
        return {"page": found.name, "title": found.title, "text": found.text}

    def explain_error(self, error: str) -> Facts:
        """Say what an error of Infor, of a delivery or of a proof means. Raises InvalidInput."""
        asked = _question(error)
        self._write_down("explain_error", {"error": error})
        known = cause_of("", asked)
        return {
            "known_cause": known.title or None,
            "remedy": known.remedy or None,
            "mapping": known.mapping or None,
            "manual": manual_facts(manual().ask(asked)),
        }

    def list_connections(self, text: str = "") -> Facts:
        """List connections, by name, with their last proofs."""
        with self._reading("list_connections", {"text": text}) as access:
            service = self.documents.connections
            page = service.list(access, PageRequest(per_page=MOST_ROWS), text)
            checks = {each.id: service.latest_check(access, each.id) for each in page.items}
        found = [connection_facts(each, checks[each.id]) for each in page.items]
        return {"connections": found, "total": page.total}

    def search_idm(
        self,
        connection: str,
        document_type: str,
        equal: Mapping[str, str],
        like: Mapping[str, str],
        limit: int,
    ) -> Facts:
        """Search items of IDM whose attributes have these values. Raises RequestRefused."""
        query = ItemQuery(document_type)
        for name, value in equal.items():
            query = query.where(name, "=", value)
        for name, value in like.items():
            query = query.like(name, value)
        wanted = {"connection": connection, "query": str(query)}
        with self._client("search_idm", connection, wanted) as client:
            items = client.idm.search(query, limit=_within(limit, MOST_ROWS, "limit"))
        return {"query": str(query), "items": [item_facts(each) for each in items]}

    def read_m3(
        self,
        connection: str,
        program: str,
        transaction: str,
        record: Mapping[str, str],
        columns: Sequence[str],
        company: str,
        limit: int,
    ) -> Facts:
        """Run a transaction of M3 that reads. Raises InvalidInput, M3Error."""
        require_reading(transaction)
        wanted = {"connection": connection, "program": program, "transaction": transaction}
        given = {**wanted, "record": " ".join(f"{name}={value}" for name, value in record.items())}
        with self._client("read_m3", connection, given) as client:
            result = client.m3.execute(
                program,
                transaction,
                record,
                company=company,
                return_columns=columns,
                max_records=_within(limit, MOST_RECORDS, "limit"),
            )
        return {"records": records_of(result)}

    def list_deliveries(self, status: str, text: str, document: str, limit: int) -> Facts:
        """List deliveries, the newest first. Raises InvalidInput for an unknown status."""
        known = {each.value: each for each in DeliveryStatus}
        if status and status not in known:
            raise InvalidInput(f"There is no status {status[:40]!r}: {', '.join(sorted(known))}.")
        wanted = DeliveryFilter(status=known.get(status), text=text, document_id=document or None)
        asked = {"status": status, "text": text, "document": document}
        with self._reading("list_deliveries", asked) as access:
            page = self.documents.deliveries.following(
                access, wanted, _within(limit, MOST_ROWS, "limit"), None
            )
        found = [delivery_facts(each) for each in page.items]
        return {"deliveries": found, "total": page.total}

    def get_delivery(self, delivery: str) -> Facts:
        """Return a delivery with its steps and the calls that were made. Raises NotFound."""
        with self._reading("get_delivery", {"delivery": delivery}) as access:
            found = self.documents.deliveries.get(access, delivery)
        return {
            **delivery_facts(found.delivery),
            "steps": [step_facts(each) for each in found.steps],
            "attempts": [attempt_facts(each) for each in found.attempts[-MOST_ROWS:]],
        }

    def export_errors(self) -> Facts:
        """List why deliveries have failed, the most frequent cause first."""
        with self._reading("export_errors", {}) as access:
            groups = self.documents.error_queue.groups(access)
        return {
            "causes": [
                {
                    "cause": each.cause.title or each.code,
                    "error": cut(each.text),
                    "remedy": each.remedy or None,
                    "mapping": each.cause.mapping or None,
                    "deliveries": each.deliveries,
                    "newest_delivery": each.newest_id,
                }
                for each in groups[:MOST_ROWS]
            ]
        }

    @contextmanager
    def _reading(
        self, tool: str, arguments: Mapping[str, str]
    ) -> Iterator[Access[OrganizationScope]]:
        self._write_down(tool, arguments)
        with self.database.read() as work:
            yield Access(work, self.scope, self.actor)

    @contextmanager
    def _client(
        self, tool: str, connection: str, arguments: Mapping[str, str]
    ) -> Iterator[IonApiClient]:
        """Give a client of a connection, whose credential does not leave this process."""
        connections = self.documents.connections
        with self._reading(tool, arguments) as access:
            access.require(Permission.MANAGE_CONNECTIONS)
            chosen = self._connection_id(access, connection)
            file = connections.credential(access, chosen)
        store = connections.token_store(self.database, self.scope, chosen)
        with IonApiClient(file, store=store, policy=connections.policy, timeout=_BOUND) as client:
            yield client

    def _connection_id(self, access: Access[OrganizationScope], named: str) -> str:
        page = self.documents.connections.list(access, PageRequest(per_page=200))
        infor = [each for each in page.items if each.is_infor]
        found = [each for each in infor if named in (each.id, each.name)]
        if len(found) != 1:
            known = ", ".join(repr(each.name) for each in infor) or "none"
            raise NotFound(
                f"There is no connection to Infor named {named[:100]!r} alone. Known are: {known}."
            )
        return found[0].id

    def _write_down(self, tool: str, arguments: Mapping[str, str]) -> None:
        """Add the call to the audit log, before anything is read."""
        for name, value in arguments.items():
            if not is_storable(value):
                raise InvalidInput(f"{name} contains characters that no text has.")
        told = {name: cut(value, LONGEST_ARGUMENT) for name, value in arguments.items() if value}
        with self.database.write() as work:
            access = Access(work, self.scope, self.actor)
            self.audit.record(access, ToolAction.CALLED, tool, told)


def _question(text: str) -> str:
    asked = " ".join(text.split())
    if not asked:
        raise InvalidInput("Nothing is asked: give a question, or the text of an error.")
    return asked[:MAX_QUESTION]


def _no_page(page: str) -> NotFound:
    return NotFound(
        f"The manual has no page {page[:60]!r}. Its pages are: {', '.join(page_names())}."
    )


def _within(number: int, most: int, name: str) -> int:
    if not 1 <= number <= most:
        raise InvalidInput(f"{name} is between 1 and {most}.")
    return number
