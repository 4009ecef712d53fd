"""Deliveries that are fetched by a program instead of being sent: taken, confirmed or refused.

Taking is an attempt of the delivery's one step, `sent` until the program says what became of it
(docs/reference/document-system.md#on-premise).
"""
