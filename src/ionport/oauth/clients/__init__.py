"""Which client a request comes from: secrets and signed assertions."""
