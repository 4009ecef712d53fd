"""Data Lake and Data Catalog, as inforion uses them (facts/infor-targets.md §6)."""
