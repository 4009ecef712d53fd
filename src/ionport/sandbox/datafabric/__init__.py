"""Data Fabric: Compass, Data Lake, Data Catalog, Ingestion (docs/reference/data-fabric.md)."""
