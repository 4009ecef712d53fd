"""Settings → Document Processing → Export: configurations, their activation, their files."""
