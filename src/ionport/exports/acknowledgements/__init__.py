"""Acknowledgements of the ERP: an endpoint for each connection, and the received documents."""
