"""Imitations of the Infor services that an exporter needs, behind the gateway."""
