"""The control plane: reset, seed, snapshots, clock, faults, limits, the recorder of calls."""
