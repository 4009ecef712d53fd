"""What gives passes their threads: the port, and its adapters for SQLite and PostgreSQL."""
