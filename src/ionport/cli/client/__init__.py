"""Commands that call Infor with an .ionapi file; they need the base install alone."""
