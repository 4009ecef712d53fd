"""Data Lake and Data Catalog, as inforion uses them (docs/reference/data-fabric.md#data-lake)."""
