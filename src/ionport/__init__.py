"""ionport: both sides of the way from a document system to Infor."""

__version__ = "0.2.0"
