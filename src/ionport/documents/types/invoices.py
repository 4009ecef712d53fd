"""The fields and tables of invoices and credit notes."""

from __future__ import annotations

from ionport.documents.types.model import COMPANY_FIELDS, INVOICE_TABLE, TableType, fields_of

TAX_LINES = "tax_lines"
ALLOWANCES_CHARGES = "ALLOWANCES_CHARGES"
NOTES = "NOTES"
REFERENCES = "REFERENCES"
ATTACHMENTS = "ATTACHMENTS"

INVOICE_FIELDS = (
    *fields_of(
        "Invoice Details",
        """
        invoice_id STRING Invoice Number
        invoice_date DATE Invoice Date
        invoice_type STRING Invoice Type
        invoice_sub_type STRING Invoice Sub Type
        purchase_type STRING Purchase Type
        purchase_order STRING Purchase Order
        order_date DATE Order Date
        delivery_date DATE Delivery Date
        accounting_date DATE Accounting Date
        reference STRING Reference
        sales_order STRING Sales Order
        contract_reference STRING Contract
        project_reference STRING Project
        tender_reference STRING Tender or Lot
        invoiced_object STRING Invoiced Object
        receiving_advice STRING Receiving Advice
        despatch_advice STRING Despatch Advice
        accounting_reference STRING Accounting Reference
        preceding_invoice STRING Preceding Invoice
        preceding_invoice_date DATE Preceding Invoice Date
        period_start DATE Period Start
        period_end DATE Period End
        tax_point_date DATE Tax Point Date
        correlation_id STRING Correlation ID
        idm_reference STRING IDM Reference
        """,
    ),
    *fields_of(
        "Payment Details",
        """
        supplier_iban STRING IBAN
        bank_id STRING Bank ID
        payment_terms STRING Payment Terms
        payment_method STRING Payment Method
        payment_reference STRING Payment Reference
        discount_term STRING Discount Term
        due_date DATE Due Date
        mandate_reference STRING Mandate Reference
        creditor_id STRING Creditor ID
        payee_name STRING Payee Name
        payee_id STRING Payee ID
        payee_registration STRING Payee Registration
        """,
    ),
    *fields_of(
        "VAT & Amounts",
        """
        net_amount AMOUNT Net Amount
        tax_amount AMOUNT Tax Amount
        tax_rate NUMBER Tax Rate
        tax_code STRING Tax Code
        net_amount_2 AMOUNT Net Amount 2
        tax_amount_2 AMOUNT Tax Amount 2
        tax_rate_2 NUMBER Tax Rate 2
        tax_code_2 STRING Tax Code 2
        net_amount_3 AMOUNT Net Amount 3
        tax_amount_3 AMOUNT Tax Amount 3
        tax_rate_3 NUMBER Tax Rate 3
        tax_code_3 STRING Tax Code 3
        charges AMOUNT Charges
        discount AMOUNT Discount
        total_net_amount AMOUNT Total Net Amount
        total_tax_amount AMOUNT Total Tax Amount
        total_amount AMOUNT Total Amount
        prepaid_amount AMOUNT Prepaid Amount
        rounding_amount AMOUNT Rounding Amount
        amount_due AMOUNT Amount Due
        total_tax_amount_accounting AMOUNT Total Tax in Accounting Currency
        accounting_currency CURRENCY Accounting Currency
        currency CURRENCY Currency
        """,
    ),
    *fields_of(
        "Vendor Details",
        """
        supplier_id STRING Supplier ID
        supplier_name STRING Supplier Name
        supplier_category STRING Supplier Category
        supplier_address STRING Supplier Address
        supplier_country_code STRING Supplier Country
        supplier_tax_id STRING Supplier VAT Number
        supplier_tax_number STRING Supplier Tax Number
        supplier_registration STRING Supplier Registration
        """,
    ),
    *COMPANY_FIELDS,
)

INVOICE_TABLES = (
    TableType(
        INVOICE_TABLE,
        "Invoice Table",
        fields_of(
            "",
            """
            POSITION STRING Position
            PURCHASE_ORDER STRING Purchase Order
            LINE_NUMBER STRING Order Line
            SUB_LINE_NUMBER STRING Order Sub Line
            ITEM_NUMBER STRING Item Number
            SUPPLIER_ITEM_NUMBER STRING Supplier Item Number
            STANDARD_ITEM_NUMBER STRING Standard Item Number
            DESCRIPTION STRING Description
            LONG_DESCRIPTION STRING Long Description
            NOTE STRING Note
            QUANTITY NUMBER Quantity
            UNIT STRING Unit
            UNIT_PRICE AMOUNT Unit Price
            DISCOUNT AMOUNT Discount
            CHARGES AMOUNT Charges
            NET_AMOUNT AMOUNT Net Amount
            TOTAL_AMOUNT AMOUNT Total Amount
            VAT NUMBER VAT %
            VAT_CATEGORY STRING VAT Category
            ACCOUNTING_REFERENCE STRING Accounting Reference
            PERIOD_START DATE Period Start
            PERIOD_END DATE Period End
            """,
        ),
    ),
    TableType(
        TAX_LINES,
        "Tax Lines",
        fields_of(
            "",
            """
            line_number STRING Line
            tax_rate NUMBER Tax Rate
            tax_category STRING Tax Category
            tax_code STRING Tax Code
            tax_country STRING Tax Country
            exemption_reason STRING Exemption Reason
            exemption_code STRING Exemption Code
            net_amount AMOUNT Net Amount
            tax_amount AMOUNT Tax Amount
            gross_amount AMOUNT Gross Amount
            """,
        ),
    ),
    TableType(
        ALLOWANCES_CHARGES,
        "Allowances and Charges",
        fields_of(
            "",
            """
            TYPE STRING Type
            POSITION STRING Position
            AMOUNT AMOUNT Amount
            BASE_AMOUNT AMOUNT Base Amount
            PERCENTAGE NUMBER Percentage
            REASON STRING Reason
            REASON_CODE STRING Reason Code
            VAT_CATEGORY STRING VAT Category
            VAT NUMBER VAT %
            """,
        ),
    ),
    TableType(
        NOTES,
        "Notes",
        fields_of(
            "",
            """
            SUBJECT_CODE STRING Subject Code
            TEXT STRING Text
            """,
        ),
    ),
    TableType(
        REFERENCES,
        "References",
        fields_of(
            "",
            """
            TYPE STRING Type
            NUMBER STRING Number
            DATE DATE Date
            """,
        ),
    ),
    TableType(
        ATTACHMENTS,
        "Attachments",
        fields_of(
            "",
            """
            REFERENCE STRING Reference
            DESCRIPTION STRING Description
            FILENAME STRING File Name
            MIME_TYPE STRING Media Type
            SIZE NUMBER Size in Bytes
            LOCATION STRING Location
            """,
        ),
    ),
)
