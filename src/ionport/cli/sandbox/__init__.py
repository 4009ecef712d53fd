"""The sandbox from the command line: serving it, and commands that call it."""
