"""Renders documents by mapping files: IDM items, BODs, M3 calls, LN requests."""
