"""Webhooks: messages to other programs about documents and deliveries."""
