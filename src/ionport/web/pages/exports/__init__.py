"""Export configurations, connections and deliveries."""
