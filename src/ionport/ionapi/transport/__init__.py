"""HTTP with bounds: connections, answers, and the record of an exchange without secrets."""
