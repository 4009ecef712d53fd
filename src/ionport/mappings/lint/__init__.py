"""What a mapping file is told before it is used: `linter.lint` is the way in."""
