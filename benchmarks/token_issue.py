"""Tokens per second: service-account logins here, client_credentials at node oidc-provider 9.

Each server is one process on this machine; they are measured in turn, several times, at 16
connections. Ours checks the keys of a service account, signs an RS256-2048 JWT and answers once
the grant with its refresh token is durable in SQLite (synchronous=FULL). The peer signs the same
kind of token over plain http and stores nothing: its own in-memory adapter keeps no JWTs.
"""

from __future__ import annotations

import argparse
import json
import secrets
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import mean, median
from typing import Any
from urllib.parse import urlencode, urlsplit

from sqlalchemy import func, insert, select
from support.load import Measured, form_request, run_load
from support.processes import compiled_environment, node_peer, openssl_signs_per_second, serving

from ionport.application import open_application
from ionport.core.ids import new_uuid
from ionport.identity.access import Access
from ionport.identity.model import Actor, PasswordProof
from ionport.oauth.apps.drafts import AppDraft
from ionport.oauth.grants.tables import grants
from ionport.settings import Settings, Side
from ionport.store import Database, TenantScope, sqlite_url

FLOOR = 0.75
CONNECTIONS = 16
_ROOT = Path(__file__).parent.parent
_ACCOUNTS = 20
_LEFT_OUT = (
    "TLS, PostgreSQL, several processes, Infor's login limits (off, as the sandbox has them), the"
    " peer's storage, network latency, credentials that are new every time (20 service accounts"
    " log in again and again, as machines do: each is looked up once in two seconds)"
)


class Contender:
    """One running server, the requests sent to it, and what came of them."""

    def __init__(self, port: int, requests: list[bytes]) -> None:
        self._address = ("127.0.0.1", port)
        self._requests = requests
        self.rates: list[float] = []
        self.all = Measured()

    def run(self, seconds: float) -> float:
        got = run_load(self._address, self._requests, connections=CONNECTIONS, seconds=seconds)
        self.rates.append(got.per_second)
        self.all.add(got)
        return got.per_second

    def warm(self, seconds: float) -> None:
        run_load(self._address, self._requests, connections=CONNECTIONS, seconds=seconds)


class Installation:
    """A data folder with one app, its service accounts and as many stored grants as wanted."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        settings = Settings(data=folder, side=Side.INFOR)
        application = open_application(settings)
        self._tenant = application.tenant.id
        scope, operator = TenantScope(self._tenant), Actor.operator()
        assert application.infor is not None
        with application.database.write() as work:
            access = Access(work, scope, operator)
            draft = AppDraft(name="Bench_TST", description="x", issue_refresh_tokens=True)
            self._app = application.infor.apps.create_app(access, draft)
            proof = PasswordProof.operator(application.clock.now())
            self._files = [
                json.loads(
                    application.infor.service_accounts.download_credentials(
                        access,
                        self._app.id,
                        proof,
                        create_service_account=True,
                    ).content
                )
                for _number in range(_ACCOUNTS)
            ]
        application.close()

    def requests(self) -> list[bytes]:
        return [
            form_request(
                urlsplit(file["pu"]).path + file["ot"],
                urlencode(
                    {
                        "grant_type": "password",
                        "username": file["saak"],
                        "password": file["sask"],
                        "client_id": file["ci"],
                        "client_secret": file["cs"],
                    }
                ).encode(),
            )
            for file in self._files
        ]

    def store_grants(self, wanted: int) -> None:
        """Insert grants in bulk until there are `wanted` at least."""
        database = Database(sqlite_url(self._folder / "ionport.db"))
        now = datetime.now(UTC)
        with database.write() as work:
            missing = wanted - (
                work.connection.execute(select(func.count()).select_from(grants)).scalar() or 0
            )
            while missing > 0:
                batch = min(missing, 10_000)
                work.connection.execute(
                    insert(grants),
                    [
                        {
                            "id": new_uuid(),
                            "tenant_id": self._tenant,
                            "app_id": self._app.id,
                            "scopes": "",
                            "generation": 0,
                            "refresh_digest": secrets.token_hex(32),
                            "created_at": now,
                            "last_used_at": now,
                        }
                        for _number in range(batch)
                    ],
                )
                missing -= batch
        database.close()

    @contextmanager
    def serving(self) -> Iterator[Contender]:
        command = [sys.executable, "-m", "ionport", "--data", str(self._folder), "up"]
        env = compiled_environment(_ROOT / "src" / "ionport") | {"IONPORT_LOG_LEVEL": "WARNING"}
        pattern = r"ionport serves infor on http://127\.0\.0\.1:(\d+)"
        with serving([*command, "--side", "infor", "--port", "0"], pattern, env=env) as port:
            yield Contender(port, self.requests())


@contextmanager
def _peer() -> Iterator[Contender]:
    client_id, client_secret = secrets.token_urlsafe(32), secrets.token_urlsafe(64)
    script = Path(__file__).parent / "support" / "oidc_provider.mjs"
    command = [*node_peer("oidc-provider", 9, script), client_id, client_secret]
    form = {"grant_type": "client_credentials", "scope": "api"}
    form |= {"client_id": client_id, "client_secret": client_secret}
    with serving(command, r"port (\d+)") as port:
        yield Contender(port, [form_request("/token", urlencode(form).encode())])


def _compare(rounds: int, seconds: float, installation: Installation) -> dict[str, Any]:
    """Measure ours, the peer and openssl in turn, so that the machine's moods hit all alike."""
    signs = []
    with installation.serving() as ours, _peer() as peer:
        ours.warm(seconds)
        peer.warm(seconds)
        for _round in range(rounds):
            ours.run(seconds)
            peer.run(seconds)
            signs.append(openssl_signs_per_second())
    ratio = median(mine / other for mine, other in zip(ours.rates, peer.rates, strict=True))
    return {
        "tokens_per_second": round(median(ours.rates)),
        "peer_tokens_per_second": round(median(peer.rates)),
        "ratio": round(ratio, 2),
        "openssl_signs_per_second": round(mean(signs)),
        "share_of_openssl": round(
            median(mine / sign for mine, sign in zip(ours.rates, signs, strict=True)), 2
        ),
        "p50_ms": round(ours.all.percentile_ms(50), 1),
        "p99_ms": round(ours.all.percentile_ms(99), 1),
        "peer_p50_ms": round(peer.all.percentile_ms(50), 1),
        "peer_p99_ms": round(peer.all.percentile_ms(99), 1),
    }


def _growth(sizes: list[int], seconds: float, installation: Installation) -> dict[str, int]:
    rates = {}
    for size in sizes:
        installation.store_grants(size)
        with installation.serving() as ours:
            ours.warm(min(1.0, seconds))
            rates[str(size)] = round(ours.run(seconds))
    return rates


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="under 50 seconds, fewer grants")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--check", action="store_true", help="exit 1 below the floor")
    options = parser.parse_args()
    rounds, seconds = (3, 2.0) if options.quick else (5, 5.0)
    sizes = [1, 10_000] if options.quick else [1, 10_000, 1_000_000]
    with tempfile.TemporaryDirectory(prefix="ionport-bench-") as name:
        result = _compare(rounds, seconds, Installation(Path(name) / "compared"))
        grown = Installation(Path(name) / "grown")
        result["tokens_per_second_by_stored_grants"] = _growth(sizes, seconds, grown)
    result |= {"floor": FLOOR, "left_out": _LEFT_OUT}
    if options.json:
        print(json.dumps(result))
    else:
        _print(result)
    passed = result["ratio"] >= FLOOR
    if not options.json or options.check:
        print(f"ratio {result['ratio']:.2f} (floor {FLOOR})", "" if passed else "BELOW THE FLOOR")
    return 1 if options.check and not passed else 0


def _print(result: dict[str, Any]) -> None:
    print(f"service-account logins, {CONNECTIONS} connections, one process, SQLite, RS256-2048")
    print(f"  ours            {result['tokens_per_second']:>7,} tokens/s")
    print(f"                  p50 {result['p50_ms']} ms, p99 {result['p99_ms']} ms")
    print(f"  oidc-provider 9 {result['peer_tokens_per_second']:>7,} tokens/s (stores nothing)")
    print(f"                  p50 {result['peer_p50_ms']} ms, p99 {result['peer_p99_ms']} ms")
    print(f"  openssl speed   {result['openssl_signs_per_second']:>7,} signatures/s on one core")
    print(f"  share of openssl {result['share_of_openssl']:.0%} (goal 50%)")
    for size, rate in result["tokens_per_second_by_stored_grants"].items():
        print(f"  {int(size):>9,} stored grants {rate:>7,} tokens/s")
    print(f"left out: {result['left_out']}")


if __name__ == "__main__":
    sys.exit(main())
