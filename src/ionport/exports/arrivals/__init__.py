"""What a person decides of a call whose answer was lost: it has arrived, or it has not."""
