"""Puts the tenants' own API suites together: what administers them, and what serves them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from ionport.core.clock import Clock
from ionport.core.sealing import KeyRing
from ionport.gateway.policies.service import ApiPolicyService
from ionport.gateway.proxy.custom import CustomSuites
from ionport.gateway.proxy.directory import SuiteDirectory
from ionport.gateway.proxy.outgoing import OutgoingCalls
from ionport.gateway.suite_file import SuiteFileService
from ionport.gateway.suites.documentation import DocumentationService, DocumentationSource
from ionport.gateway.suites.service import ApiSuiteService
from ionport.gateway.targets.addresses import AddressPolicy
from ionport.gateway.targets.port import Targets, TargetsOnDemand
from ionport.identity.audit import AuditLog
from ionport.store import Database


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


def open_custom_apis(
    database: Database,
    clock: Clock,
    keys: KeyRing,
    audit: AuditLog,
    *,
    gateway_url: str,
    policy: AddressPolicy,
) -> CustomApis:
    """Put them together; `policy` says where targets may stand."""
    suites = ApiSuiteService(
        clock,
        keys,
        audit,
        gateway_url=gateway_url,
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


def _open_upstream(policy: AddressPolicy) -> Targets:
    from ionport.gateway.targets.upstream import Upstream

    return Upstream(policy)
