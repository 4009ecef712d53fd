"""Control keys: the credentials of the control plane."""
