"""A mapping file as rows of a form: read line by line, edited without touching other lines."""
