"""Reading of submitted forms, and what several forms share."""
