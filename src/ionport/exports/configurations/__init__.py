"""Export configurations: what goes where and how, and what lets one be active."""
