"""The engine: gives threads to the passes of deliveries, on one process or on many machines."""
