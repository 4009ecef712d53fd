"""Documents that other programs write as JSON or CSV: fields and tables by their ids."""
