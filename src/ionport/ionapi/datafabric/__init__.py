"""Infor Data Fabric through the gateway (docs/reference/data-fabric.md)."""
