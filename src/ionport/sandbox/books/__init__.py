"""The sandbox's M3 and LN, for the document flows that book invoices there.

Source: docs/reference/ion-messaging.md#document-flows.

What an ERP refuses is raised, so that nothing of it is stored: an unknown supplier, a number that
it has already, a value that it does not take. It is inferred that it acknowledges all else, and
posts at once what has no error.
"""
