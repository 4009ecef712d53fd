"""What every imitated service is made of: operations, texts, OpenAPI, coverage."""
