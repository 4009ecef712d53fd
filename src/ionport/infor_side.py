"""Puts the Infor side together: authorization server, gateway and sandbox on one database.

For the application and for the tests' fixture, which needs no page and no migration. What a
client does not need to log in and to call is made, and its modules are loaded, when it is first
asked for: so that a test-suite's start loads only what it uses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from ionport.core.blobs import Blobs
from ionport.core.caching.once import once
from ionport.core.clock import Clock
from ionport.core.paging import MAX_PER_PAGE, PageRequest
from ionport.core.sealing import KeyRing
from ionport.gateway.targets.addresses import PUBLIC_ONLY, AddressPolicy
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.identity.model import Tenant
from ionport.oauth.apps.client_secrets import ClientSecrets
from ionport.oauth.apps.file_maker import CredentialsFileMaker
from ionport.oauth.apps.origins import RegisteredOrigins
from ionport.oauth.apps.service import AuthorizedAppService
from ionport.oauth.authorize.app_dependents import StoredAppDependents
from ionport.oauth.clients.authentication import Clients
from ionport.oauth.states import TokenStates
from ionport.oauth.tenant.endpoints import Endpoints
from ionport.oauth.tenant.refusal_forms import RefusalForms
from ionport.oauth.tenant.service import TenantSettingsService
from ionport.oauth.tokens.access_tokens import AccessTokens
from ionport.oauth.tokens.introspection import IntrospectionService
from ionport.oauth.tokens.keys.signing import SigningKeys, environment_stamp
from ionport.oauth.tokens.service import TokenService
from ionport.oauth.tokens.verifier import AccessTokenVerifier
from ionport.sandbox.app import ServiceMakers
from ionport.sandbox.control.plane import ControlPlane
from ionport.sandbox.control.recorder.service import RecorderService
from ionport.sandbox.own.metadata import OwnOfTenants
from ionport.store import Database, TenantScope

if TYPE_CHECKING:
    from ionport.gateway.custom_apis import CustomApis
    from ionport.oauth.accounts.service import ServiceAccountService
    from ionport.oauth.apps.security import AppSecurityService
    from ionport.oauth.authorize.service import ApprovalService
    from ionport.oauth.clean_up import CleanUp
    from ionport.oauth.grants.saml.service import SamlIssuerService
    from ionport.oauth.tokens.tools import TokenToolsService
    from ionport.sandbox.control.inspection import InspectionService
    from ionport.sandbox.control.state.blob_sweep import BlobSweep
    from ionport.sandbox.idm.datamodel.administration import DocumentTypeService
    from ionport.sandbox.kit.coverage import Registry
    from ionport.sandbox.messaging.flows.runner import FlowRunner
    from ionport.sandbox.messaging.ionservices import Ion


@dataclass(frozen=True, slots=True)
class InforOptions:
    """What the operator decides about the Infor side.

    Attributes:
        origin: scheme, host and port of the authorization server, the beginning of `pu`.
        gateway_origin: those of the gateway, `iu`.
        keep_client_secrets: whether a sealed copy lets an administrator see a secret again.
        addresses: where target endpoints may stand.
        unused_grant_days: how long a never-expiring grant stays without use; 0: for ever.
        has_sandbox: whether Infor's services are imitated, with a control plane beside them.
        enforces_acls: whether the sandbox's IDM shows private items to their creators alone.
        sends_on_demand: whether ION's document flows begin to send when a message starts one,
            without being launched before.
    """

    origin: str
    gateway_origin: str
    keep_client_secrets: bool = True
    addresses: AddressPolicy = PUBLIC_ONLY
    unused_grant_days: int = 0
    has_sandbox: bool = True
    enforces_acls: bool = False
    sends_on_demand: bool = False


class InforSide:
    """The services of the Infor side, put together on an open database.

    Answers to clients use the sandbox's clock, which a tester may have moved; pages, and calls to
    targets, the machine's. `tenant` is the first one.
    """

    def __init__(
        self,
        options: InforOptions,
        database: Database,
        clock: Clock,
        keys: KeyRing,
        blobs: Blobs,
        audit: AuditLog,
        tenant: Tenant,
    ) -> None:
        self.options = options
        self._database = database
        self._clock = clock
        self._keys = keys
        self._blobs = blobs
        self._audit = audit
        self._tenant = tenant
        self._states = TokenStates()
        self.control = ControlPlane(database, clock, keys, blobs, audit)
        # Without a sandbox, a clock that an earlier one moved shows the real time.
        self._infor_clock = self.control.infor_clock if options.has_sandbox else clock
        if options.has_sandbox:
            self.control.controls.refresh()
        self.endpoints = Endpoints(options.origin, options.gateway_origin)
        self.signing_keys = SigningKeys(keys, clock)
        self._access_tokens = AccessTokens(
            self._infor_clock,
            self.endpoints,
            self.signing_keys,
            expired_before=self.control.controls.expired_before,
        )
        self._clients = Clients(keys, self.endpoints)
        infor_clock, access_tokens = self._infor_clock, self._access_tokens
        self.tokens = TokenService(infor_clock, keys, access_tokens, self._states, self._clients)
        self.introspection = IntrospectionService(infor_clock, keys, access_tokens, self._clients)
        self.verifier = AccessTokenVerifier(database, self._access_tokens, self._states)
        self.origins = RegisteredOrigins(database, self._states)
        self.refusal_forms = RefusalForms(database, self._states)
        self.tenant_settings = TenantSettingsService(clock, audit, self._states, self._api_contexts)
        self.own = OwnOfTenants(options.gateway_origin)
        self.recorder = RecorderService(blobs, gateway_url=options.gateway_origin)
        self.imitated = ServiceMakers(
            blobs,
            self._infor_clock,
            gateway_url=options.gateway_origin,
            enforces_acls=options.enforces_acls,
            ion=lambda: self.ion,
            own=self.own,
        )

    def _api_contexts(self, access: Access[TenantScope]) -> Sequence[str]:
        """Return the contexts of the imitated services and of the tenant's own suites."""
        from ionport.gateway.suites.model import SuiteQuery

        query = SuiteQuery(page=PageRequest(per_page=MAX_PER_PAGE))
        own = self.custom_apis.suites.list_suites(access, query).items
        return [*self.imitated.contexts, *(suite.context for suite in own)]

    @once
    def apps(self) -> AuthorizedAppService:
        return AuthorizedAppService(
            self._clock,
            self._audit,
            self._states,
            self._client_secrets,
            self._credential_files,
            StoredAppDependents(self._clock),
        )

    @once
    def _client_secrets(self) -> ClientSecrets:
        is_kept = self.options.keep_client_secrets
        return ClientSecrets(self._clock, self._keys, keep_copies=is_kept)

    @once
    def _credential_files(self) -> CredentialsFileMaker:
        stamp = environment_stamp(self._tenant.created_at)
        return CredentialsFileMaker(self.endpoints, self._audit, self._client_secrets, stamp)

    @once
    def app_security(self) -> AppSecurityService:
        from ionport.oauth.apps.security import AppSecurityService

        return AppSecurityService(
            self._clock, self.endpoints, self._audit, self._states, self._client_secrets
        )

    @once
    def approvals(self) -> ApprovalService:
        from ionport.oauth.authorize.service import ApprovalService

        return ApprovalService(
            self._infor_clock, self._keys, self.endpoints, self._audit, self.tokens, self._states
        )

    @once
    def service_accounts(self) -> ServiceAccountService:
        from ionport.oauth.accounts.service import ServiceAccountService

        return ServiceAccountService(
            self._clock, self._keys, self._audit, self._states, self._credential_files
        )

    @once
    def saml_issuers(self) -> SamlIssuerService:
        from ionport.oauth.grants.saml.service import SamlIssuerService

        return SamlIssuerService(self._clock, self._audit)

    @once
    def token_tools(self) -> TokenToolsService:
        from ionport.oauth.tokens.tools import TokenToolsService

        return TokenToolsService(self._clock, self._access_tokens, self.tokens, self._audit)

    @once
    def clean_up(self) -> CleanUp:
        from ionport.oauth.clean_up import CleanUp

        days = self.options.unused_grant_days
        return CleanUp(self._clock, self.signing_keys, timedelta(days=days) if days else None)

    @once
    def blob_sweep(self) -> BlobSweep:
        from ionport.sandbox.control.state.blob_sweep import BlobSweep

        return BlobSweep(self._clock, self._blobs)

    @once
    def custom_apis(self) -> CustomApis:
        from ionport.gateway.custom_apis import open_custom_apis

        return open_custom_apis(
            self._database,
            self._clock,
            self._keys,
            self._audit,
            gateway_url=self.options.gateway_origin,
            policy=self.options.addresses,
        )

    @once
    def inspection(self) -> InspectionService:
        from ionport.sandbox.control.inspection import InspectionService

        return InspectionService(self._blobs)

    @once
    def registry(self) -> Registry:
        from ionport.sandbox.kit.coverage import Registry
        from ionport.sandbox.own.coverage import coverage_of

        return Registry(
            self.imitated.all(),
            self.options.gateway_origin,
            own=lambda tenant_id: coverage_of(self.own.of(tenant_id).learned),
        )

    @once
    def ion(self) -> Ion:
        from ionport.sandbox.messaging.ionservices import open_ion

        ion = open_ion(self._infor_clock, self._blobs, self._audit)
        ion.flows.wake = lambda: self.flow_runner.wake()
        return ion

    @once
    def flow_runner(self) -> FlowRunner:
        from ionport.sandbox.books.erps import books_of
        from ionport.sandbox.messaging.flows.runner import FlowRunner

        return FlowRunner(
            self._database,
            self._blobs,
            self._infor_clock,
            self.custom_apis.outgoing,
            on_demand=self.options.sends_on_demand,
            books=books_of(self._infor_clock),
        )

    @once
    def document_types(self) -> DocumentTypeService:
        from ionport.sandbox.idm.datamodel.administration import DocumentTypeService

        return DocumentTypeService(self._clock, self._audit)

    def stop_queries(self) -> None:
        """Stop the queries that run here, if any do."""
        if "ion" in vars(self):
            self.ion.compass.stop()

    def close(self) -> None:
        """Stop the flow runner and the queries, if they were started."""
        self.stop_queries()
        if "flow_runner" in vars(self):
            self.flow_runner.close()
