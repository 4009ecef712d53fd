"""Where files come from by themselves: folders that are watched."""
