"""Copies and files of export configurations."""
