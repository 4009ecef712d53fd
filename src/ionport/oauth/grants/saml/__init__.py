"""The SAML issuers that a tenant trusts, and their assertions (RFC 7522)."""
