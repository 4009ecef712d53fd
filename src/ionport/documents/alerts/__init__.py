"""Alerts: mails to people about what happens to documents and deliveries."""
