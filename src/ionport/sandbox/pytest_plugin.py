"""The plugin under its former name, for installations that name it as an entry point."""

from ionport.testing.pytest_plugin import *  # noqa: F403
