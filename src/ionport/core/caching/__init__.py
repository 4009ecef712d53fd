"""Answers that a process keeps for a while, so that they are not made again."""
