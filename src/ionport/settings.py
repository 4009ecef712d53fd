"""Settings by environment or by file, read once at the edge (cli, asgi, application).

Every setting is an environment variable `IONPORT_<NAME>`; the same names in lower case without
the prefix may stand in a TOML file named by `IONPORT_CONFIG` (default: `ionport.toml` in the data
folder, when there is one). The environment wins.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from ionport.core.errors import InvalidInput
from ionport.core.i18n import _
from ionport.core.secrets import Secret
from ionport.ionapi.addresses import is_loopback_name

T = TypeVar("T")


class Side(StrEnum):
    """Which half of ionport a process serves."""

    BOTH = "both"
    INFOR = "infor"
    DOCUMENTS = "documents"

    @property
    def has_infor(self) -> bool:
        return self is not Side.DOCUMENTS

    @property
    def has_documents(self) -> bool:
        return self is not Side.INFOR


def setting(default: T, text: str) -> T:
    """Declare a setting with its default, and its text in the manual."""
    declared: T = field(default=default, metadata={"help": text})
    return declared


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings with their defaults; the manual's page of settings is made from this class."""

    data: Path = setting(Path("data"), "Folder of the database, stored files and key ring.")
    database_url: str = setting("", "PostgreSQL URL; empty means SQLite in the data folder.")
    blobs_url: str = setting(
        "",
        "Bucket of the stored files, as s3://bucket/prefix?endpoint=https://host&region=name; the"
        " access key comes from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or from the machine's"
        " role. Empty means the folder blobs in the data folder.",
    )
    keys: Secret = setting(
        Secret(""), "Key ring as JSON; empty means the file keys.json in the data folder."
    )
    side: Side = setting(Side.BOTH, "Which side to serve: both, infor or documents.")
    sandbox: bool = setting(
        False,
        "Imitate Infor's services behind the gateway, with the inspector and the control plane.",
    )
    sandbox_acls: bool = setting(
        False,
        "The sandbox's IDM lets only the creator of an item with the access control list Private"
        " find, read and change it.",
    )
    host: str = setting("127.0.0.1", "Address to listen on.")
    port: int = setting(8400, "Port to listen on; 0 takes a free one.")
    public_url: str = setting(
        "", "Address that users and clients see; makes the authorization server's URLs."
    )
    gateway_url: str = setting("", "Address of the API gateway; empty means the public URL.")
    trusted_proxies: str = setting(
        "",
        "Addresses or networks of the reverse proxies in front, apart by commas: their word"
        " about the client's address is taken. Empty: nobody's.",
    )
    tenant: str = setting("IONPORT_TST", "Tenant that the first start creates.")
    organization: str = setting("My organization", "Organization that the first start creates.")
    allow_private_addresses: bool = setting(
        False, "Let connections lead to private network addresses (on-premises Infor)."
    )
    allow_loopback_addresses: str = setting(
        "auto",
        "Let connections and target endpoints lead to the computer that ionport runs on, by"
        " http or https: true, false, or auto (when the public address is on it).",
    )
    client_secrets: str = setting(
        "kept", "kept: a sealed copy of client secrets for Reveal and Download; once: none is kept."
    )
    require_second_factor: bool = setting(
        False,
        "Administrators of a PRD tenant sign in with a second factor; who has none sets it up"
        " at the next sign-in.",
    )
    openid_issuer: str = setting(
        "",
        "Issuer of the OpenID Connect provider by which people may sign in besides their"
        " password; empty: none.",
    )
    openid_client_id: str = setting("", "What ionport is called at the OpenID Connect provider.")
    openid_client_secret: Secret = setting(Secret(""), "The secret of that client at the provider.")
    openid_client_secret_file: str = setting(
        "", "File that holds that secret, in place of the setting."
    )
    openid_name: str = setting(
        "", "The provider's name on the sign-in page; empty means its host name."
    )
    openid_domains: str = setting(
        "",
        "Domains of e-mail addresses that are taken from the provider, apart by commas; empty"
        " takes any, of users who have an account here.",
    )
    openid_creates_users: bool = setting(
        False,
        "Make an account, as a plain user of the first tenant and organization, for who comes"
        " from the provider with an address of openid_domains and has none.",
    )
    export_concurrency: int = setting(8, "How many deliveries run at once in one process.")
    connection_concurrency: int = setting(
        0,
        "How many deliveries run at once over one connection, in all processes and on all"
        " machines together; 0: no such limit.",
    )
    gateway_timeout: int = setting(
        60,
        "Seconds that Infor's API gateway waits for a service: 60, or up to 300 where an"
        " administrator said so. How long a lost call is waited for follows from it.",
    )
    search_lag: int = setting(
        10, "Seconds after which a new item is sure to be found by IDM's search."
    )
    metrics: bool = setting(False, "Serve /metrics for Prometheus: counts of deliveries, no names.")
    tracing: bool = setting(
        False,
        "Send OpenTelemetry spans by OTLP over HTTP, to where OTEL_EXPORTER_OTLP_ENDPOINT says;"
        " needs the extra otel.",
    )
    database_connections: int = setting(
        22,
        "Most connections to PostgreSQL of one process, and on SQLite of its readers; DBOS has"
        " its own beside them. 2 to 500.",
    )
    threads: int = setting(40, "Threads that answer requests in one process. 4 to 500.")
    max_upload_mb: int = setting(
        64, "Most megabytes of one upload on a page, all its files together. 1 to 500."
    )
    max_upload_files: int = setting(50, "Most files of one upload on a page. 1 to 500.")
    api_calls_per_minute: int = setting(
        600, "Most calls of one API key in a minute, counted in each process. 1 to 100,000."
    )
    max_file_mb: int = setting(
        40,
        "Most megabytes of one file that comes in, and of each file inside another. 1 to 200.",
    )
    max_invoice_lines: int = setting(10_000, "Most lines of one invoice. 1 to 100000.")
    max_attachments: int = setting(
        100, "Most files attached to one invoice, or to one PDF. 1 to 1000."
    )
    clamd: str = setting(
        "",
        "Where clamd listens, as host:port: each file that comes in is scanned for malware."
        " Empty: nothing scans.",
    )
    intake_root: str = setting(
        "",
        "Folder below which administrators may have folders watched, by a page. Empty: by"
        " command only. From the second organization on each has a folder of its own there, named"
        " by its id.",
    )
    export_root: str = setting(
        "",
        "Folder below which administrators may have documents exported into folders, by a page."
        " Empty: by command only. From the second organization on each has a folder of its own"
        " there, named by its id.",
    )
    public_manual: bool = setting(
        True,
        "Whether the manual is open to people who have not signed in. A closed one leads browsers"
        " to the sign-in page, and tells programs with 401 how to open it.",
    )
    unused_grant_days: int = setting(
        400, "Days without a refresh after which a grant that never expires is deleted; 0: never."
    )
    log_format: str = setting("text", "Log as text or as json lines.")
    log_level: str = setting("INFO", "Lowest level that is logged.")

    @property
    def key_file(self) -> Path:
        return self.data / "keys.json"

    @property
    def origin(self) -> str:
        """The public URL without a last slash; the listening address when none is set."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")

    @property
    def gateway_origin(self) -> str:
        return (self.gateway_url or self.origin).rstrip("/")

    @property
    def allows_loopback(self) -> bool:
        """Whether calls to this computer are allowed: as set, else when the public URL is one."""
        if self.allow_loopback_addresses == "auto":
            return is_loopback_name(urlsplit(self.origin).hostname or "")
        return self.allow_loopback_addresses == "true"

    @property
    def openid_domain_names(self) -> frozenset[str]:
        """The domains of `openid_domains`, in lower case."""
        names = (name.strip().lower().removeprefix("@") for name in self.openid_domains.split(","))
        return frozenset(name for name in names if name)

    def openid_secret(self) -> Secret:
        """Return the provider's secret, read from its file when one is named.

        Raises:
            InvalidInput: the file cannot be read.
        """
        if not self.openid_client_secret_file:
            return self.openid_client_secret
        try:
            text = Path(self.openid_client_secret_file).read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            raise InvalidInput(
                _("IONPORT_OPENID_CLIENT_SECRET_FILE cannot be read: {reason}").format(
                    reason=type(error).__name__
                )
            ) from error
        return Secret(text.strip())

    @property
    def is_https(self) -> bool:
        return self.origin.startswith("https://")

    @property
    def allowed_hosts(self) -> tuple[str, ...]:
        """Host names that pages answer to: the public one and, on loopback, its two names."""
        name = urlsplit(self.origin).hostname or ""
        loopback = {"127.0.0.1", "localhost", "::1"}
        return tuple(sorted(loopback)) if name in loopback else (name,)


def host_and_port(text: str) -> tuple[str, int] | None:
    """Return the parts of `host:port`, None when it is no such address."""
    try:
        parts = urlsplit(f"//{text}")
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    return (host, port) if host and port and parts.netloc == text and "@" not in text else None
