"""The audit log in words: what rows are about, and what they tell."""
