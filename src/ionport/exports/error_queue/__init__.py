"""Deliveries that failed, by their cause: what it is, what to do, and all of them tried again."""
