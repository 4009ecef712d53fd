"""The authorization server of the Infor side: OAuth 2.0 as ION API has it."""
