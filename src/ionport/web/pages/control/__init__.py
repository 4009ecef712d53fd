"""Control plane: faults, state and clock, control keys."""
