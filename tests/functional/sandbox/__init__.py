"""The imitated services, through the gateway and with real tokens."""
