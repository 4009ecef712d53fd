"""ION Desk: connection points, document flows, acknowledgements, Data Lake."""
