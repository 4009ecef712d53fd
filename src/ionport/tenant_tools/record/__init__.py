"""Records what a real tenant answers, without what is secret or personal in it."""
