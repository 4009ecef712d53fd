"""The server of the Model Context Protocol: read-only tools for programs that ask in words."""
