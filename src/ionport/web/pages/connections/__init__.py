"""Connections: uploaded files, other targets, proofs, limits, the endpoint for the ERP."""
