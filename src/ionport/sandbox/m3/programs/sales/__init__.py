"""What is sold: prices, customer orders and their deliveries."""
