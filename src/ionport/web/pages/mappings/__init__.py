"""Pages of Settings → Document Processing → Mapping Files."""
