"""The API gateway: checks access tokens and hands calls to the back end of an API suite."""
