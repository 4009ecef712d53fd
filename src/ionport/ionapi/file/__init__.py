"""The `.ionapi` credential file: its values, its checks, and wrong uploads in its place."""
