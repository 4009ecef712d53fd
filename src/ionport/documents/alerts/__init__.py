"""Alerts: people are told by mail what happens to documents and deliveries."""
