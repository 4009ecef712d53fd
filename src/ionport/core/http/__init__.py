"""What endpoints for machines share of HTTP: bounded bodies, problem answers, OpenAPI documents."""
