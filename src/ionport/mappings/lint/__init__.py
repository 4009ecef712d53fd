"""The linter of mapping files; call `linter.lint`."""
