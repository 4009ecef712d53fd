"""The API context DATAFABRIC, and what ION's context still has of it at old addresses."""

from __future__ import annotations

from ionport.sandbox.datafabric.catalog_routes import CatalogRoutes
from ionport.sandbox.datafabric.compass.routes import CompassRoutes
from ionport.sandbox.datafabric.compass.service import CompassService
from ionport.sandbox.datafabric.ingestion_routes import IngestionRoutes
from ionport.sandbox.datafabric.lake_routes import LakeRoutes
from ionport.sandbox.datafabric.service import DataLakeService
from ionport.sandbox.datafabric.wire import error_answer
from ionport.sandbox.kit.operations import Operation, Service, withdrawn

CONTEXT = "DATAFABRIC"
# What Ingestion takes compressed, and some more for content that does not shrink.
MAX_BODY_BYTES = 9_000_000
OLD_ADDRESSES = ("/datacatalog/", "/datalakeapi/")


def service(lake: DataLakeService, compass: CompassService) -> Service:
    """Return what answers below DATAFABRIC as one of the sandbox's services."""
    operations = [
        *CompassRoutes(compass).operations(),
        *LakeRoutes(lake).operations(),
        *CatalogRoutes(lake).operations(),
        *IngestionRoutes(lake).operations(),
    ]
    return Service(CONTEXT, "Data Fabric", operations, error_answer, MAX_BODY_BYTES)


def old_operations(lake: DataLakeService, compass: CompassService) -> list[Operation]:
    """Return the operations below IONSERVICES that Infor has withdrawn and callers still send."""
    return [
        *withdrawn(CatalogRoutes(lake).operations(), "DATAFABRIC/datacatalog/v1"),
        *withdrawn(LakeRoutes(lake).operations_of_v1(), "DATAFABRIC/datalake/v2/dataobjects"),
        *withdrawn(CompassRoutes(compass).operations_of_v1(), "DATAFABRIC/compass/v2/jobs"),
    ]
