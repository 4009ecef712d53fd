"""Webhooks: other programs are told what happens to documents and deliveries."""
