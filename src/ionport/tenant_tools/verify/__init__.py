"""Compares what the sandbox answers with what a real tenant answers, by calls that only read."""
