"""The fields and tables of order confirmations and delivery notes."""

from __future__ import annotations

from ionport.documents.types.model import (
    COMPANY_FIELDS,
    INVOICE_TABLE,
    DocumentType,
    TableType,
    fields_of,
)

_LINE = """
    POSITION STRING Position
    PURCHASE_ORDER STRING Purchase Order
    LINE_NUMBER STRING Order Line
    SUB_LINE_NUMBER STRING Order Sub Line
    ITEM_NUMBER STRING Item Number
    SUPPLIER_ITEM_NUMBER STRING Supplier Item Number
    STANDARD_ITEM_NUMBER STRING Standard Item Number
    DESCRIPTION STRING Description
    LONG_DESCRIPTION STRING Long Description
    QUANTITY NUMBER Quantity
    UNIT STRING Unit
"""
_PRICE = """
    UNIT_PRICE AMOUNT Unit Price
    NET_AMOUNT AMOUNT Net Amount
    TOTAL_AMOUNT AMOUNT Total Amount
    PROMISED_DELIVERY_DATE DATE Promised Delivery Date
"""
_SUPPLIER_FIELDS = fields_of(
    "Vendor Details",
    """
    supplier_id STRING Supplier ID
    supplier_name STRING Supplier Name
    supplier_category STRING Supplier Category
    supplier_address STRING Supplier Address
    supplier_country_code STRING Supplier Country
    supplier_tax_id STRING Supplier VAT Number
    supplier_registration STRING Supplier Registration
    """,
)

ORDER_CONFIRMATION = DocumentType(
    "ORDER_CONFIRMATION",
    "Order Confirmation",
    (
        *fields_of(
            "Order Details",
            """
            order_confirmation_id STRING Confirmation Number
            document_date DATE Document Date
            invoice_type STRING Document Type Code
            purchase_order STRING Purchase Order
            order_date DATE Order Date
            sales_order STRING Sales Order
            delivery_date DATE Delivery Date
            reference STRING Reference
            contract_reference STRING Contract
            payment_terms STRING Payment Terms
            correlation_id STRING Correlation ID
            idm_reference STRING IDM Reference
            """,
        ),
        *fields_of(
            "Amounts",
            """
            total_net_amount AMOUNT Total Net Amount
            total_tax_amount AMOUNT Total Tax Amount
            total_amount AMOUNT Total Amount
            currency CURRENCY Currency
            """,
        ),
        *_SUPPLIER_FIELDS,
        *COMPANY_FIELDS,
    ),
    (TableType(INVOICE_TABLE, "Order Lines", fields_of("", _LINE) + fields_of("", _PRICE)),),
)

DELIVERY_NOTE = DocumentType(
    "DELIVERY_NOTE",
    "Delivery Note",
    (
        *fields_of(
            "Delivery Details",
            """
            delivery_note_id STRING Delivery Note Number
            document_date DATE Document Date
            invoice_type STRING Document Type Code
            delivery_date DATE Delivery Date
            received_date DATE Received Date
            delivery_status STRING Delivery Status
            warehouse_location STRING Warehouse Location
            purchase_order STRING Purchase Order
            order_date DATE Order Date
            sales_order STRING Sales Order
            reference STRING Reference
            correlation_id STRING Correlation ID
            idm_reference STRING IDM Reference
            """,
        ),
        *_SUPPLIER_FIELDS,
        *COMPANY_FIELDS,
    ),
    (TableType(INVOICE_TABLE, "Delivery Lines", fields_of("", _LINE)),),
)
