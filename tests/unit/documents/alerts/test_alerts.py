"""What people are told by mail is told once, gathered as they want, and survives crashes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from ionport.core.blobs import FolderBlobs
from ionport.core.clock import MovableClock
from ionport.core.errors import InvalidInput
from ionport.core.i18n import _, speaking
from ionport.core.mail.session import MailAccount, Mailer, MailSecurity
from ionport.core.sealing import KeyRing
from ionport.core.secrets import Secret
from ionport.documents.alerts.model import AlertState, Pace
from ionport.documents.alerts.outbox import AlertOutbox
from ionport.documents.alerts.sender import AlertSender
from ionport.documents.alerts.service import AlertService, AlertValues
from ionport.documents.samples import UBL_INVOICE, read_sample
from ionport.documents.service import DocumentService
from ionport.documents.webhooks.model import Event, EventType
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.identity.model import Actor, Organization, OrganizationRole
from ionport.identity.passwords import Passwords
from ionport.identity.repository import OrganizationRepository
from ionport.identity.service import IdentityService, NewUser
from ionport.ionapi.addresses import AddressPolicy
from ionport.store import Database, OrganizationScope, SystemScope
from ionport.web.locales import speech_of
from tests.support.mail import PASSWORD, USER, MailServer, mail_server

ACME, OPERATOR = OrganizationScope("org_acme"), Actor.operator("test")
ORIGIN = "https://ionport.example"
TOLD = ["document.received", "connection.credentials_end"]


@dataclass
class Alerted:
    """An organization whose people are told of received documents."""

    database: Database
    clock: MovableClock
    keys: KeyRing
    server: MailServer
    documents: DocumentService
    sender: AlertSender
    alerts: AlertService
    policy: AddressPolicy = field(default_factory=AddressPolicy)
    recipients: Sequence[str] = ("ada@example.com",)

    def add_member(self, username: str, language: str) -> None:
        identity = IdentityService(
            self.clock, AuditLog(self.clock), Passwords(time_cost=1, memory_kib=8)
        )
        digest = identity.hash_password(Secret("correct horse battery"))
        new = NewUser(username, full_name=username, email=f"{username}@Example.com")
        with self.database.write() as work:
            user = identity.create_user(work, OPERATOR, new, digest)
            role = OrganizationRole.USER
            identity.set_organization_role(work, OPERATOR, user.id, ACME.organization_id, role)
            identity.choose_language(work, user.id, language)

    def save(self, pace: Pace = Pace.EACH, password: str = PASSWORD, **account: str) -> None:
        host = account.get("host", "127.0.0.1")
        given = MailAccount(host, self.server.port, MailSecurity.STARTTLS, USER, Secret(password))
        values = AlertValues(True, TOLD, self.recipients, pace, "ionport@example.com", given)
        with self.database.write() as work:
            self.alerts.save(Access(work, ACME, OPERATOR), values)

    def receive(self, *numbers: str) -> None:
        for number in numbers:
            content = read_sample(UBL_INVOICE).replace(b"RE-2026-0417", number.encode())
            prepared = self.documents.prepare_receipt(ACME, content, f"{number}.xml")
            with self.database.write() as work:
                self.documents.receive(Access(work, ACME, OPERATOR), prepared)

    def states(self) -> list[AlertState]:
        with self.database.read() as work:
            return [each.state for each in self.alerts.newest(Access(work, ACME, OPERATOR))]


@pytest.fixture
def alerted(database: Database, clock: MovableClock, tmp_path: Path) -> Iterator[Alerted]:
    with database.write() as work:
        organization = Organization(ACME.organization_id, "Acme", None)
        OrganizationRepository(work.connection).add(SystemScope("test"), organization, clock.now())
    keys, audit, policy = KeyRing.generate(), AuditLog(clock), AddressPolicy()
    with mail_server(tmp_path) as server:
        mailer = Mailer(policy, context=server.trust)
        sender = AlertSender(database, clock, keys, mailer, ORIGIN, speech_of)
        blobs = FolderBlobs(tmp_path / "blobs")
        documents = DocumentService(clock, blobs, audit, events=AlertOutbox(sender.wake))
        alerts = AlertService(clock, keys, audit, policy, sender)
        yield Alerted(database, clock, keys, server, documents, sender, alerts)


@pytest.mark.on_each_database
def test_each_event_is_one_mail_and_many_at_once_are_one(alerted: Alerted) -> None:
    alerted.receive("R-0")
    alerted.save()
    alerted.receive("R-1", "R-2")
    alerted.sender.run_all()
    alerted.sender.run_all()
    first, second = alerted.server.mails
    assert first["Subject"] == "ionport: A document was received: Invoice R-1"
    assert "R-2" in second["Subject"]
    assert f"{ORIGIN}/documents/doc_" in first.get_content()
    # Many that come one after the other are a mail each minute.
    for start in (0, 6):
        alerted.receive(*(f"S-{number}" for number in range(start, start + 6)))
        alerted.sender.run_all()
        assert len(alerted.server.mails) == 2
    alerted.clock.advance(timedelta(minutes=1))
    alerted.sender.run_all()
    assert alerted.server.mails[2]["Subject"] == "ionport: 12 alerts"
    assert alerted.states() == [AlertState.SENT] * 14


@pytest.mark.on_each_database
def test_a_mail_is_in_the_languages_of_its_receivers(alerted: Alerted) -> None:
    alerted.add_member("greta", "de")
    alerted.add_member("chloe", "fr")
    alerted.recipients = ["greta@example.com"]
    alerted.save()
    alerted.receive("R-1")
    alerted.sender.run_all()
    alerted.recipients = ["chloe@example.com", "nobody@example.com", "greta@example.com"]
    alerted.save()
    alerted.receive("R-2")
    alerted.sender.run_all()
    german, all_three = alerted.server.mails
    told = {}
    for language in ("en", "de", "fr"):
        with speaking(speech_of(language)):
            told[language] = _("A document was received")
    assert told["de"] in german["Subject"]
    assert told["de"] in german.get_content()
    assert told["en"] not in german.get_content()
    text = all_three.get_content()
    assert told["fr"] in all_three["Subject"]
    assert [text.index(told[each]) for each in ("fr", "en", "de")] == sorted(
        text.index(each) for each in told.values()
    )


def test_the_end_of_credentials_is_a_mail_that_leads_to_the_connections(alerted: Alerted) -> None:
    alerted.save()
    text = "Infor PRD: 2026-12-31"
    event = Event(EventType.CREDENTIALS_END, "", alerted.clock.now(), text=text)
    with alerted.database.write() as work:
        alerted.documents.events.tell(work.within(ACME), [event])
    alerted.sender.run_all()
    (mail,) = alerted.server.mails
    assert mail["Subject"] == f"ionport: The credentials of a connection end: {text}"
    assert f"{ORIGIN}/settings/connections\r\n" in mail.get_content()
    assert "/documents/" not in mail.get_content()


def test_a_digest_waits_for_its_hour(alerted: Alerted) -> None:
    alerted.save(Pace.HOURLY)
    alerted.clock.advance(timedelta(minutes=1))
    alerted.receive("R-1")
    alerted.clock.advance(timedelta(minutes=30))
    alerted.receive("R-2")
    alerted.sender.run_all()
    assert alerted.server.mails == []
    alerted.clock.advance(timedelta(minutes=31))
    alerted.sender.run_all()
    assert [mail["Subject"] for mail in alerted.server.mails] == ["ionport: 2 alerts"]


def test_a_daily_digest_keeps_its_hour_when_clocks_are_put_back() -> None:
    berlin, at = ZoneInfo("Europe/Berlin"), datetime(2026, 10, 24, 6, 0, tzinfo=UTC)
    assert Pace.DAILY.last_before(at, berlin) == datetime(2026, 10, 24, 5, 0, tzinfo=UTC)
    assert Pace.DAILY.next_after(at, berlin) == datetime(2026, 10, 25, 6, 0, tzinfo=UTC)


@pytest.mark.on_each_database
def test_what_a_mail_server_refuses_is_sent_later_and_given_up_after_three_days(
    alerted: Alerted,
) -> None:
    alerted.save()
    alerted.server.answers = ["451 later", "250 taken", "451 later"]
    alerted.receive("R-1")
    alerted.sender.run_all()
    assert alerted.states() == [AlertState.WAITING]
    alerted.clock.advance(timedelta(seconds=61))
    alerted.sender.run_all()
    assert alerted.states() == [AlertState.SENT]
    alerted.receive("R-2")
    alerted.sender.run_all()
    alerted.clock.advance(timedelta(days=4))
    alerted.sender.run_all()
    assert alerted.states() == [AlertState.FAILED, AlertState.SENT]
    assert len(alerted.server.mails) == 1


@pytest.mark.on_each_database
def test_a_mail_without_an_answer_is_doubled_once_under_the_same_id(alerted: Alerted) -> None:
    alerted.save()
    alerted.receive("R-1")
    alerted.server.hangs_up = True
    for _time in range(4):
        alerted.sender.run_all()
        alerted.clock.advance(timedelta(hours=1))
    assert len(alerted.server.mails) == 2
    assert len({mail["Message-ID"] for mail in alerted.server.mails}) == 1
    assert alerted.states() == [AlertState.OPEN]


@pytest.mark.on_each_database
def test_a_process_that_ends_before_it_writes_loses_nothing_and_doubles_once(
    alerted: Alerted, monkeypatch: pytest.MonkeyPatch
) -> None:
    alerted.save()
    alerted.receive("R-1")

    class Killed(Exception):
        """The process ends here."""

    def killed(*_arguments: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(AlertSender, "_settle", killed)
        with pytest.raises(Killed):
            alerted.sender.run_all()
    alerted.sender.run_all()
    assert len(alerted.server.mails) == 1
    alerted.clock.advance(timedelta(minutes=4))
    alerted.sender.run_all()
    assert len({mail["Message-ID"] for mail in alerted.server.mails}) == 1
    assert alerted.states() == [AlertState.SENT]


def test_a_stored_password_goes_to_no_other_server_and_stays_sealed(alerted: Alerted) -> None:
    alerted.save()
    alerted.save(Pace.DAILY, password="")
    with pytest.raises(InvalidInput) as wrong:
        alerted.save(password="", host="localhost")
    assert "password" in wrong.value.fields
    with alerted.database.read() as work:
        settings = alerted.alerts.get(Access(work, ACME, OPERATOR))
    assert PASSWORD not in repr(settings) + str(settings.sealed)
