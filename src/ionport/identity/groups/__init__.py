"""Groups of people, and what their members may do with documents of which type."""
