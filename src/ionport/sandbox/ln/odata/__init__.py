"""LN's REST services, OData 4 (docs/reference/ln.md#odata)."""
