"""API suites of a tenant, their target endpoints and their documentation."""
