"""What the sandbox knows about itself: the recorder of calls, and views of what arrived."""
