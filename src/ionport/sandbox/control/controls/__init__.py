"""What a tester has set: the clock, the age of tokens, fault rules and their effect."""
