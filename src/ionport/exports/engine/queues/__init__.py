"""The queues that run passes in threads: the port, and its adapters for SQLite and PostgreSQL."""
