"""The authorization endpoint's requests, a person's approval and consents."""
