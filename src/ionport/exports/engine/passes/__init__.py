"""What a pass of a delivery is made of: what it knows, its steps, and how it ends in rows."""
