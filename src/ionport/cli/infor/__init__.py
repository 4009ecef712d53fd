"""Commands of the Infor side."""
