"""Puts the Infor side together: authorization server, gateway and sandbox on one database.

For the server's wiring and for the tests' fixture, which needs no page and no migration.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from starlette.types import ASGIApp

from ionport.core.blobs import Blobs
from ionport.core.clock import Clock
from ionport.core.paging import MAX_PER_PAGE, PageRequest
from ionport.core.sealing import KeyRing
from ionport.gateway.addresses import TargetPolicy
from ionport.gateway.app import Gateway
from ionport.gateway.custom import CustomSuites
from ionport.gateway.directory import SuiteDirectory
from ionport.gateway.documentation import DocumentationService, DocumentationSource
from ionport.gateway.model import SuiteQuery
from ionport.gateway.outgoing import OutgoingCalls
from ionport.gateway.policy_service import ApiPolicyService
from ionport.gateway.service import ApiSuiteService
from ionport.gateway.suite_file import SuiteFileService
from ionport.gateway.targets import Targets, TargetsOnDemand
from ionport.identity.audit import AuditLog
from ionport.identity.model import Actor, Tenant
from ionport.oauth.access_tokens import AccessTokens
from ionport.oauth.account_service import ServiceAccountService
from ionport.oauth.app import AuthorizationApp
from ionport.oauth.app_security import AppSecurityService
from ionport.oauth.approval import ApprovalService
from ionport.oauth.clean_up import CleanUp
from ionport.oauth.clients import Clients
from ionport.oauth.endpoints import Endpoints
from ionport.oauth.introspection import IntrospectionService
from ionport.oauth.keys import SigningKeys, environment_stamp
from ionport.oauth.origins import RegisteredOrigins
from ionport.oauth.routes import AuthorizationServer
from ionport.oauth.saml_issuers import SamlIssuerService
from ionport.oauth.service import AuthorizedAppService
from ionport.oauth.states import TokenStates
from ionport.oauth.tenant_service import TenantSettingsService
from ionport.oauth.token_tools import TokenToolsService
from ionport.oauth.tokens import TokenService
from ionport.oauth.verifier import AccessTokenVerifier
from ionport.sandbox.app import backends, services
from ionport.sandbox.control.inspection import InspectionService
from ionport.sandbox.control.plane import ControlPlane, open_control_plane
from ionport.sandbox.control.recorder import RecorderService
from ionport.sandbox.control.tokens import MarkedTokenVerifier
from ionport.sandbox.coverage import Registry
from ionport.sandbox.idm.administration import DocumentTypeService
from ionport.sandbox.ionservices import Ion, open_ion
from ionport.sandbox.messaging.flow_runner import FlowRunner
from ionport.store import Database, TenantScope, Work


@dataclass(frozen=True, slots=True)
class InforOptions:
    """What the operator decides about the Infor side.

    Attributes:
        origin: scheme, host and port of the authorization server, the beginning of `pu`.
        gateway_origin: those of the gateway, `iu`.
        keep_client_secrets: whether a sealed copy lets an administrator see a secret again.
        allow_private_addresses: whether target endpoints may lie in private networks.
        unused_grant_days: how long a never-expiring grant stays without use; 0: for ever.
        has_sandbox: whether Infor's services are imitated, with a control plane beside them.
    """

    origin: str
    gateway_origin: str
    keep_client_secrets: bool = True
    allow_private_addresses: bool = False
    unused_grant_days: int = 0
    has_sandbox: bool = True


@dataclass(frozen=True, slots=True)
class CustomApis:
    """API suites of the tenants' own, the proxy that serves them, and calls of our own to them."""

    suites: ApiSuiteService
    policies: ApiPolicyService
    documentation: DocumentationService
    documentation_source: DocumentationSource
    files: SuiteFileService
    proxy: CustomSuites
    outgoing: OutgoingCalls


@dataclass(frozen=True, slots=True)
class InforSide:
    """The services of the Infor side."""

    options: InforOptions
    endpoints: Endpoints
    signing_keys: SigningKeys
    apps: AuthorizedAppService
    tokens: TokenService
    app_security: AppSecurityService
    approvals: ApprovalService
    introspection: IntrospectionService
    service_accounts: ServiceAccountService
    tenant_settings: TenantSettingsService
    saml_issuers: SamlIssuerService
    token_tools: TokenToolsService
    verifier: AccessTokenVerifier
    origins: RegisteredOrigins
    clean_up: CleanUp
    custom_apis: CustomApis
    recorder: RecorderService
    inspection: InspectionService
    registry: Registry
    ion: Ion
    flow_runner: FlowRunner
    control: ControlPlane
    document_types: DocumentTypeService


@dataclass(frozen=True, slots=True)
class MachineDoors:
    """The apps that answer machines on `/{TENANT}/as/…` and on `/{TENANT}/…`."""

    authorization: ASGIApp
    gateway: ASGIApp


def open_infor_side(
    options: InforOptions,
    database: Database,
    clock: Clock,
    keys: KeyRing,
    blobs: Blobs,
    audit: AuditLog,
    tenant: Tenant,
) -> InforSide:
    """Put the services together on an open database; `tenant` is the first one.

    What clients are told goes by the controls' clock, which a tester may have moved; what people
    do on pages, and what is sent to targets, by the machine's.
    """
    control = open_control_plane(database, clock, keys, blobs, audit)
    control.controls.refresh()
    infor_clock = control.controls
    endpoints = Endpoints(options.origin, options.gateway_origin)
    signing_keys = SigningKeys(keys, clock)
    access_tokens = AccessTokens(infor_clock, endpoints, signing_keys)
    states = TokenStates()
    clients = Clients(keys, endpoints)
    tokens = TokenService(infor_clock, keys, access_tokens, states, clients)
    custom_apis = _custom_apis(options, database, clock, keys, audit)
    ion = open_ion(infor_clock, blobs, audit)
    imitated = services(blobs, infor_clock, gateway_url=options.gateway_origin, ion=ion)
    api_contexts = _ApiContexts([one.context for one in imitated], custom_apis.suites)
    flow_runner = FlowRunner(database, blobs, infor_clock, custom_apis.outgoing)
    ion.flows.wake = flow_runner.wake
    return InforSide(
        options=options,
        endpoints=endpoints,
        signing_keys=signing_keys,
        apps=AuthorizedAppService(
            clock,
            keys,
            endpoints,
            audit,
            states,
            environment_stamp=environment_stamp(tenant.created_at),
            keep_client_secrets=options.keep_client_secrets,
        ),
        tokens=tokens,
        app_security=AppSecurityService(
            clock, keys, endpoints, audit, states, keep_client_secrets=options.keep_client_secrets
        ),
        approvals=ApprovalService(infor_clock, keys, endpoints, audit, tokens, states),
        introspection=IntrospectionService(infor_clock, keys, access_tokens, clients),
        service_accounts=ServiceAccountService(clock, keys, audit, states),
        tenant_settings=TenantSettingsService(clock, audit, states, api_contexts),
        saml_issuers=SamlIssuerService(clock, audit),
        token_tools=TokenToolsService(infor_clock, endpoints, access_tokens),
        verifier=AccessTokenVerifier(database, access_tokens, states),
        origins=RegisteredOrigins(database, states),
        clean_up=CleanUp(clock, signing_keys, _unused_after(options)),
        custom_apis=custom_apis,
        recorder=RecorderService(blobs, gateway_url=options.gateway_origin),
        inspection=InspectionService(blobs),
        ion=ion,
        flow_runner=flow_runner,
        registry=Registry(imitated, options.gateway_origin),
        control=control,
        document_types=DocumentTypeService(clock, audit),
    )


def _unused_after(options: InforOptions) -> timedelta | None:
    return timedelta(days=options.unused_grant_days) if options.unused_grant_days else None


class _ApiContexts:
    """The contexts of the imitated services and of the tenant's own suites."""

    def __init__(self, imitated: Sequence[str], suites: ApiSuiteService) -> None:
        self._imitated = imitated
        self._suites = suites

    def __call__(self, work: Work, scope: TenantScope, actor: Actor) -> Sequence[str]:
        query = SuiteQuery(page=PageRequest(per_page=MAX_PER_PAGE))
        own = self._suites.list_suites(work, scope, actor, query).items
        return [*self._imitated, *(suite.context for suite in own)]


def _custom_apis(
    options: InforOptions, database: Database, clock: Clock, keys: KeyRing, audit: AuditLog
) -> CustomApis:
    policy = TargetPolicy(allow_private=options.allow_private_addresses)
    suites = ApiSuiteService(
        clock,
        keys,
        audit,
        gateway_url=options.gateway_origin,
        policy=policy,
        # The directory asks the service for addresses, and forgets what the service changes.
        changed=lambda: directory.forget(),
    )
    targets = TargetsOnDemand(partial(_open_upstream, policy))
    directory = SuiteDirectory(database, keys, public_address=suites.public_address)
    policies = ApiPolicyService(clock, audit, changed=directory.forget)
    return CustomApis(
        suites=suites,
        policies=policies,
        documentation=DocumentationService(clock, audit),
        documentation_source=DocumentationSource(targets, policy),
        files=SuiteFileService(suites, policies),
        proxy=CustomSuites(directory, targets, clock),
        # Its connections belong to another event loop than the proxy's.
        outgoing=OutgoingCalls(directory, TargetsOnDemand(partial(_open_upstream, policy))),
    )


def _open_upstream(policy: TargetPolicy) -> Targets:
    from ionport.gateway.upstream import Upstream

    return Upstream(policy)


def machine_doors(side: InforSide, database: Database, blobs: Blobs) -> MachineDoors:
    """Return the apps that answer machines; makes the first signing key when there is none."""
    side.signing_keys.ensure(database)
    built_in: Mapping[str, ASGIApp] = {}
    if side.options.has_sandbox:
        built_in = backends(
            database,
            blobs,
            side.control.controls,
            gateway_url=side.options.gateway_origin,
            ion=side.ion,
            control=side.control,
        )
    verifier = MarkedTokenVerifier(side.verifier, side.control.controls)
    authorization = AuthorizationServer(
        database=database,
        endpoints=side.endpoints,
        keys=side.signing_keys,
        tokens=side.tokens,
        introspection=side.introspection,
        settings=side.tenant_settings,
    )
    return MachineDoors(
        authorization=AuthorizationApp(authorization, side.origins),
        gateway=Gateway(built_in, verifier, custom=side.custom_apis.proxy, origins=side.origins),
    )
