"""Mail is handed to a real server, encrypted and signed on, and every refusal has its cause."""

from __future__ import annotations

import socket
import threading
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path

import pytest

from ionport.core.errors import InvalidInput
from ionport.core.mail.session import MailAccount, Mailer, MailSecurity, check_account
from ionport.core.secrets import Secret
from ionport.ionapi.addresses import PUBLIC_ONLY, AddressPolicy
from tests.support.mail import PASSWORD, USER, MailServer, mail_server

SENDER, TO = "ionport@example.com", ["ada@example.com"]


def _account(server: MailServer) -> MailAccount:
    return MailAccount("127.0.0.1", server.port, MailSecurity.STARTTLS, USER, Secret(PASSWORD))


def _mail() -> EmailMessage:
    mail = EmailMessage()
    mail["Subject"] = "Exportfehler: Müller"
    mail.set_content(".\nGrüße\n")
    return mail


def test_mail_goes_over_starttls_to_a_server_that_is_trusted_and_asks_for_a_password(
    tmp_path: Path,
) -> None:
    with mail_server(tmp_path) as server:
        mailer, account = Mailer(AddressPolicy(), context=server.trust), _account(server)
        sent = mailer.send(account, SENDER, [*TO, "nobody@example.com"], _mail())
        assert (sent.error, list(sent.refused)) == ("", ["nobody@example.com"])
        assert server.mails[0]["Subject"] == "Exportfehler: Müller"
        assert server.mails[0].get_content().splitlines() == [".", "Grüße"]
        refused = {
            "sign_in": (replace(account, password=Secret("wrong")), TO),
            "recipients": (account, ["nobody@example.com"]),
        }
        for code, (with_account, to) in refused.items():
            assert mailer.send(with_account, SENDER, to, _mail()).error == code
        unknown = Mailer(AddressPolicy()).send(account, SENDER, TO, _mail())
        assert unknown.error == "certificate"
        assert Mailer(PUBLIC_ONLY).send(account, SENDER, TO, _mail()).error == "loopback_address"
        server.answers = ["554 no"]
        assert mailer.send(account, SENDER, TO, _mail()).error == "content"
        server.hangs_up = True
        lost = mailer.send(account, SENDER, TO, _mail())
        assert (lost.error, lost.is_open) == ("lost", True)
        assert len(server.mails) == 1


def test_a_password_never_goes_to_a_server_without_starttls(tmp_path: Path) -> None:
    with mail_server(tmp_path, is_plain=True) as server:
        outcome = Mailer(AddressPolicy()).send(_account(server), SENDER, TO, _mail())
        assert outcome.error == "no_starttls"
    assert server.mails == []


@pytest.mark.parametrize(
    ("says", "code"),
    [(b"", "timeout"), (b"220-x\r\n" * 20_000, "too_large"), (b"500 no\r\n", "greeting")],
)
def test_a_server_that_says_nothing_or_too_much_is_left(says: bytes, code: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            connection, _address = listening.accept()
            with connection:
                try:
                    connection.sendall(says)
                    connection.recv(1)
                except OSError:
                    return

        thread = threading.Thread(target=answer)
        thread.start()
        port = listening.getsockname()[1]
        account = MailAccount("127.0.0.1", port, MailSecurity.NONE)
        mailer = Mailer(AddressPolicy(), seconds=0.5 if code == "timeout" else 20)
        assert mailer.send(account, SENDER, TO, _mail()).error == code
        thread.join()


def test_mail_without_encryption_is_refused_to_other_computers() -> None:
    with pytest.raises(InvalidInput) as wrong:
        check_account(MailAccount("smtp.example.com", 0, MailSecurity.NONE, "ada"), PUBLIC_ONLY)
    assert set(wrong.value.fields) == {"port", "security", "password"}
