"""What clients that others wrote send, and what they are answered."""
