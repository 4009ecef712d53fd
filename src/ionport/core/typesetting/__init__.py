"""Pages set by typst in processes with limits."""
