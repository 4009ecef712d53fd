"""Values of each other, and of their fields."""
