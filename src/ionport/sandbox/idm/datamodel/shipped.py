"""The document types that the sandbox ships.

M3_SupplierInvoice has Infor's documented attributes, and MDS_GenericDocument those that public
clients write (docs/reference/idm.md#data-model). The others are those that the vendor's mapping
files write to; IDM has them once an administrator adds them, so they are here from the start. Their
types are inferred, the names are not.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ionport.sandbox.idm.datamodel.attribute_types import AttributeType
from ionport.sandbox.idm.datamodel.model import OWNERS_ACL, Acl, AttributeDefinition, Entity

DEFAULT_ACL = "Public"
_ACLS = (Acl(DEFAULT_ACL, "Everybody may read and change"), Acl(OWNERS_ACL, "Only the owner may"))


def _entity(name: str, description: str, *attributes: AttributeDefinition) -> Entity:
    by_name = {attribute.name: attribute for attribute in attributes}
    return Entity(name, description, MappingProxyType(by_name), _ACLS, DEFAULT_ACL)


# How other applications find the documents of one of their records.
_MDS = (
    AttributeDefinition("MDS_EntityType", "Entity type of LN"),
    AttributeDefinition("MDS_AccountingEntity", "Accounting entity"),
)
_SHIPPED = (
    _entity(
        "M3_SupplierInvoice",
        "M3 Supplier Invoice",
        AttributeDefinition("BOD_SupplierInvoiceID", "Supplier invoice"),
        AttributeDefinition("BOD_AccountingEntityID", "Accounting entity"),
        AttributeDefinition("M3_InvoiceDate", "Invoice date", AttributeType.DATE),
        AttributeDefinition("M3_Company", "Company"),
        AttributeDefinition("M3_Division", "Division"),
        AttributeDefinition("BOD_RemitToPartyID", "Payee"),
        AttributeDefinition("BOD_SupplierPartyID", "Supplier"),
        AttributeDefinition("M3_InvoiceYear", "Invoice year"),
        AttributeDefinition("BOD_AlternateDocumentID_1", "Correlation id"),
        AttributeDefinition("Purchase_Order_Number", "Purchase order"),
        AttributeDefinition("Export", "Export status"),
    ),
    _entity(
        "LN_SupplierInvoice",
        "LN Supplier Invoice",
        *_MDS,
        AttributeDefinition("MDS_id1", "First key"),
        AttributeDefinition("MDS_BodRefAccEntity", "Accounting entity of the BOD"),
        AttributeDefinition("SupplierInvoiceNumber", "Supplier invoice"),
        AttributeDefinition("BOD_AlternateDocumentID_1", "Correlation id"),
        AttributeDefinition("InvoiceDate", "Invoice date", AttributeType.DATE),
        AttributeDefinition("SupplierName", "Supplier"),
        AttributeDefinition("Purchase_Order", "Purchase order"),
        AttributeDefinition("Total_Net_Amount", "Total net amount"),
        AttributeDefinition("Total_Tax_Amount", "Total tax amount"),
        AttributeDefinition("Total_Amount", "Total amount"),
        AttributeDefinition("Currency", "Currency"),
        AttributeDefinition("Export", "Export status"),
    ),
    _entity(
        "ORDER_CONFIRMATION",
        "Order confirmation",
        AttributeDefinition("Entity_Type", "Entity type"),
        AttributeDefinition("MDS_EntityType", "Entity type of LN"),
        AttributeDefinition("MDS_id1", "First key"),
        AttributeDefinition("Purchase_Order", "Purchase order"),
        AttributeDefinition("Order_confirmation_number", "Confirmation"),
        AttributeDefinition("BOD_AlternateDocumentID_1", "Correlation id"),
        AttributeDefinition("Document_Date", "Document date", AttributeType.DATE),
        AttributeDefinition("Order_Date", "Order date", AttributeType.DATE),
        AttributeDefinition("Delivery_Date", "Delivery date", AttributeType.DATE),
        AttributeDefinition("Supplier_Order_Number", "Supplier's order"),
        AttributeDefinition("Supplier_Id", "Supplier number"),
        AttributeDefinition("SupplierName", "Supplier"),
        AttributeDefinition("Supplier_IBAN", "Supplier's account"),
        AttributeDefinition("Supplier_VAT", "Supplier's VAT id"),
        AttributeDefinition("Total_Net_Amount", "Total net amount"),
        AttributeDefinition("Total_Tax_Amount", "Total tax amount"),
        AttributeDefinition("Total_Amount", "Total amount"),
        AttributeDefinition("Export", "Export status"),
    ),
    _entity(
        "DELIVERY_NOTE",
        "Delivery note",
        AttributeDefinition("Entity_Type", "Entity type"),
        *_MDS,
        AttributeDefinition("MDS_id1", "First key"),
        AttributeDefinition("Delivery_Note_Id", "Delivery note"),
        AttributeDefinition("BOD_AlternateDocumentID_1", "Correlation id"),
        AttributeDefinition("Delivery_Date", "Delivery date", AttributeType.DATE),
        AttributeDefinition("Document_Date", "Document date", AttributeType.DATE),
        AttributeDefinition("Purchase_Order", "Purchase order"),
        AttributeDefinition("Supplier_Id", "Supplier number"),
        AttributeDefinition("SupplierName", "Supplier"),
        AttributeDefinition("Export", "Export status"),
    ),
    _entity(
        "MDS_GenericDocument",
        "Generic document",
        *_MDS,
        AttributeDefinition("MDS_Location", "Location"),
        AttributeDefinition("MDS_id1", "First key"),
        AttributeDefinition("MDS_id2", "Second key"),
        AttributeDefinition("MDS_id3", "Third key"),
    ),
)

SHIPPED: Mapping[str, Entity] = MappingProxyType({entity.name: entity for entity in _SHIPPED})
