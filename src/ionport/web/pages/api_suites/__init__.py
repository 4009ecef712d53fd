"""Available APIs: suites, endpoints, policies, documentation."""
