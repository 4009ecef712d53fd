"""The sandbox inside a test-suite: a tenant on a free port of this process, and a handle on it.

The pytest plugin is a thin layer over `running.running_infor`, which other test runners may call.
"""
