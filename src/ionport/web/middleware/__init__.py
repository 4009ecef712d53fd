"""Layers around every page: security headers, sign-in and forgery checks, answers to programs."""
