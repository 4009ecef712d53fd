"""Records what the machine interfaces answer, to compare it after a change of structure."""
