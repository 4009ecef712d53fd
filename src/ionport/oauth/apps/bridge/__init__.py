"""Key pairs of *Use Bridge Authentication*: an app proves itself by signed assertions."""
