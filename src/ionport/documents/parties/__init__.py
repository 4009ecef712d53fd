"""What documents say about buyer and payment, beyond their fields."""
