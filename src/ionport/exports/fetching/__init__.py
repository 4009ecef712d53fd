"""Deliveries that are fetched by a program instead of being sent: taken, confirmed or refused.

Taking is an attempt of the delivery's one step, `sent` until the program confirms or refuses it
(docs/reference/document-system.md#on-premise).
"""
