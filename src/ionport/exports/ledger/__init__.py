"""The ledger: deliveries with their passes, steps and attempts, and the workers that run them."""
