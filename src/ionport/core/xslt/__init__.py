"""XSLT stylesheets of users: looked at, compiled, and run in a process with limits."""
