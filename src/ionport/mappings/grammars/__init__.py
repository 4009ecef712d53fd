"""Text of mapping files: read without loss, and what each kind of file may say."""
