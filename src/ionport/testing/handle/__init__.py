"""What a test asks of its tenant: the calls that came, what is held, faults and the clock."""
