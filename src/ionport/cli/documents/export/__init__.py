"""`ionport export …`: configurations, deliveries, dry runs, the Export Error queue."""
