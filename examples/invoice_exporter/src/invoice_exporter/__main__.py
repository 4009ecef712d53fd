"""`invoice-exporter CREDENTIALS LIST`: exports every invoice of the list."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from invoice_exporter.export import Exporter
from invoice_exporter.invoices import ListError, read_invoices
from ionport.ionapi import IonApiClient, IonApiError, IonApiFile


def main(arguments: Sequence[str] | None = None) -> int:
    """Export a list; returns the exit status, 1 when an invoice could not be exported."""
    parser = argparse.ArgumentParser(prog="invoice-exporter", description=__doc__)
    parser.add_argument("credentials", type=Path, help="the .ionapi file")
    parser.add_argument("list", type=Path, help="CSV with number, supplier, date, …, file")
    options = parser.parse_args(arguments)
    failed = 0
    try:
        invoices = read_invoices(options.list)
        with IonApiClient(IonApiFile.load(options.credentials)) as client:
            exporter = Exporter(client)
            for invoice in invoices:
                try:
                    done = exporter.export(invoice)
                except IonApiError as error:
                    failed += 1
                    print(f"{invoice.number}: {error.message} {error.remedy}", file=sys.stderr)
                else:
                    print(f"{invoice.number}: {done.pid}, message {done.message_id}")
    except (ListError, IonApiError) as error:
        print(error, file=sys.stderr)
        return 1
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
