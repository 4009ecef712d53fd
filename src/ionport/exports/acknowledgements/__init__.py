"""What the ERP says of delivered documents: an endpoint for each connection, and what it took."""
