"""How tokens are asked for, kept, renewed and put on calls."""
