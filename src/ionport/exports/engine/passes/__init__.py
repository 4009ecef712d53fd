"""The parts of a delivery's pass: its state, its steps, and the writing of its end."""
