"""ionport: both sides of the walk from a document system to Infor."""

__version__ = "0.2.0"
