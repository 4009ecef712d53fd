"""Infor side: authorized apps, service accounts and the authorization server."""
