"""LN: business data entities behind c4ws (facts/infor-targets.md §5)."""
