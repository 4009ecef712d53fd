"""Sources of files that are received without a person: watched folders."""
