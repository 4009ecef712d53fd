"""Users, service accounts, OAuth configuration and SAML issuers of a tenant."""
