"""Sign-in by the firm's OpenID Connect provider."""
