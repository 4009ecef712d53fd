"""The fixture for test suites."""
