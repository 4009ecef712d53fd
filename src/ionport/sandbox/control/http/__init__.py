"""The control plane over HTTP: its endpoints and its OpenAPI document."""
