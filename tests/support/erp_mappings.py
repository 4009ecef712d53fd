"""Mapping files for M3 and LN that fit the sandbox's suppliers and ionport's sample invoice."""

from __future__ import annotations

M3 = b"""\
StaticFields=IBTP,IMCD,CONO,DIVI
SF_IBTP=20
SF_IMCD=0
SF_CONO=001
SF_DIVI=AAA
HeaderFields=SUNO,SPYN,IVDT,SINO,CUCD,CUAM,CORI
HF_SUNO=supplier_id
HF_SPYN=supplier_id
HF_IVDT=invoice_date
HF_SINO=invoice_id
HF_CUCD=currency
HF_CUAM=total_amount
HF_CORI=correlation_id

InvoiceReceipt=invoice_table
InvoiceReceiptStaticFields=RDTP,CONO
IR_SF_RDTP=1
IR_SF_CONO=001
InvoiceReceiptFields=IVQA,NLAM,POPN
IRF_IVQA=TF_quantity
IRF_NLAM=TF_total_amount
IRF_POPN=TF_item_number
"""

TOML = b"""\
[export_configuration.header]
name = "header"

[export_configuration.header.fields]
CONO = "001"
DIVI = "AAA"
IBTP = "20"
IMCD = "0"
SUNO = "[supplier_id]"
IVDT = "[invoice_date]"
SINO = "[invoice_id]"
SPYN = "[supplier_id]"
CUCD = "[currency]"
CUAM = "[total_amount]"
CORI = "[correlation_id]"

[export_configuration.receipt_lines]
name = "receipt_lines"

[export_configuration.receipt_lines.fields]
RDTP = "1"
CONO = "001"
IVQA = "[[quantity]]"
NLAM = "[[total_amount]]"
POPN = "[[item_number]]"
"""

LN = b"""\
StaticFields=FinancialCompany
SF_FinancialCompany=200
HeaderFields=SupplierCode,InvoiceNumberSupplier,InvoiceDate,InvoiceAmount,InvoiceCurrency,IDMReference,DocumentIDExternalPackage
HF_SupplierCode=supplier_id
HF_InvoiceNumberSupplier=invoice_id
HF_InvoiceDate=invoice_date
HF_InvoiceAmount=total_amount
HF_InvoiceCurrency=currency
HF_IDMReference=idm_reference
HF_DocumentIDExternalPackage=correlation_id
InvoiceTaxFields=LineNumber,TaxBaseAmount,TaxAmount
ITF_LineNumber=TF_line_number
ITF_TaxBaseAmount=TF_net_amount
ITF_TaxAmount=TF_tax_amount
"""
