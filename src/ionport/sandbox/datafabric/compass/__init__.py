"""Compass: SQL over the objects of the Data Lake (docs/reference/data-fabric.md#compass)."""
