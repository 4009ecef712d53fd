"""The endpoints of the authorization server over HTTP."""
