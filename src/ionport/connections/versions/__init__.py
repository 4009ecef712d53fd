"""Former files of connections: replaced, kept sealed, used again."""
