"""Mail to people: one message handed to a mail server by SMTP."""
