"""The `.ionapi` credential file: its values, its checks, and what is uploaded in its place."""
