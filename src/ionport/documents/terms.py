"""The business terms of EN 16931 that ionport reads, and their places in UBL 2.1 and CII D16B.

A term takes three lines: the value's field (`!` = the invoice is refused without it), how it is
read, its number and name in the standard; its path in UBL; its path in CII. Words in capitals
stand for longer paths, see `PATHS`.
"""

from __future__ import annotations

PATHS = {
    "DOCUMENT": "rsm:ExchangedDocument",
    "AGREEMENT": "rsm:SupplyChainTradeTransaction/ram:ApplicableHeaderTradeAgreement",
    "DELIVERY": "rsm:SupplyChainTradeTransaction/ram:ApplicableHeaderTradeDelivery",
    "SETTLEMENT": "rsm:SupplyChainTradeTransaction/ram:ApplicableHeaderTradeSettlement",
    "MEANS": "SETTLEMENT/ram:SpecifiedTradeSettlementPaymentMeans",
    "TERMS": "SETTLEMENT/ram:SpecifiedTradePaymentTerms",
    # The total in the invoice's currency, or else the one that names none.
    "UBLTAX": "cac:TaxTotal/cbc:TaxAmount[OURS or not(@currencyID or ../../cac:TaxTotal/*[OURS])]",
    "TAXTOTAL": "ram:TaxTotalAmount[OURS or not(@currencyID or ../ram:TaxTotalAmount[OURS])]",
    "OURS": "@currencyID = $currency",
    "ALIEN": "descendant-or-self::*[@currencyID != $currency]",
    "AMOUNT": "ram:AppliedAmount",
    "SUMMATION": "SETTLEMENT/ram:SpecifiedTradeSettlementHeaderMonetarySummation",
    "SHIPTO": "DELIVERY/ram:ShipToTradeParty",
    "LINESETTLEMENT": "ram:SpecifiedLineTradeSettlement",
    "LINEAGREEMENT": "ram:SpecifiedLineTradeAgreement",
    "LINETAX": "LINESETTLEMENT/ram:ApplicableTradeTax",
    "PRODUCT": "ram:SpecifiedTradeProduct",
    "UBLTOTAL": "cac:LegalMonetaryTotal",
    "UBLACCOUNT": "cac:PaymentMeans/cac:PayeeFinancialAccount",
    "UBLLINETAX": "cac:Item/cac:ClassifiedTaxCategory",
    # An xs:boolean: `false` and `0` are the same.
    "UBLALLOWANCE": "cac:AllowanceCharge[cbc:ChargeIndicator[FALSEVALUE]]",
    "UBLCHARGE": "cac:AllowanceCharge[cbc:ChargeIndicator[TRUEVALUE]]",
    "ALLOWANCE": "ram:SpecifiedTradeAllowanceCharge[ram:ChargeIndicator/udt:Indicator[FALSEVALUE]]",
    "CHARGE": "ram:SpecifiedTradeAllowanceCharge[ram:ChargeIndicator/udt:Indicator[TRUEVALUE]]",
    "FALSEVALUE": "normalize-space() = 'false' or normalize-space() = '0'",
    "TRUEVALUE": "normalize-space() = 'true' or normalize-space() = '1'",
}

# BT-13: UBL demands an ID even if only the seller's order is known; Peppol then writes NA.
HEADER = """
number! text BT-1 Invoice number
    cbc:ID
    DOCUMENT/ram:ID
issue_date! date BT-2 Invoice issue date
    cbc:IssueDate
    DOCUMENT/ram:IssueDateTime/udt:DateTimeString
type_code! text BT-3 Invoice type code
    cbc:InvoiceTypeCode | cbc:CreditNoteTypeCode
    DOCUMENT/ram:TypeCode
currency! text BT-5 Invoice currency code
    cbc:DocumentCurrencyCode
    SETTLEMENT/ram:InvoiceCurrencyCode
due_date date BT-9 Payment due date
    cbc:DueDate | cac:PaymentMeans/cbc:PaymentDueDate
    TERMS/ram:DueDateDateTime/udt:DateTimeString
buyer_reference text BT-10 Buyer reference
    cbc:BuyerReference
    AGREEMENT/ram:BuyerReference
order_number text BT-13 Purchase order reference
    cac:OrderReference[not(cbc:SalesOrderID and cbc:ID = 'NA')]/cbc:ID
    AGREEMENT/ram:BuyerOrderReferencedDocument/ram:IssuerAssignedID
payment_terms text BT-20 Payment terms
    cac:PaymentTerms/cbc:Note
    TERMS/ram:Description
ship_to_name text BT-70 Deliver to party name
    cac:Delivery/cac:DeliveryParty/cac:PartyName/cbc:Name
    SHIPTO/ram:Name
ship_to_id text BT-71 Deliver to location identifier
    cac:Delivery/cac:DeliveryLocation/cbc:ID
    SHIPTO/ram:ID | SHIPTO/ram:GlobalID
delivery_date date BT-72 Actual delivery date
    cac:Delivery/cbc:ActualDeliveryDate
    DELIVERY/ram:ActualDeliverySupplyChainEvent/ram:OccurrenceDateTime/udt:DateTimeString
payment_means text BT-81 Payment means type code
    cac:PaymentMeans/cbc:PaymentMeansCode
    MEANS/ram:TypeCode
payment_reference text BT-83 Remittance information
    cac:PaymentMeans/cbc:PaymentID
    SETTLEMENT/ram:PaymentReference
account text BT-84 Payment account identifier
    UBLACCOUNT/cbc:ID
    MEANS/ram:PayeePartyCreditorFinancialAccount/*[self::ram:IBANID or self::ram:ProprietaryID]
bank text BT-86 Payment service provider identifier
    UBLACCOUNT/cac:FinancialInstitutionBranch/cbc:ID
    MEANS/ram:PayeeSpecifiedCreditorFinancialInstitution/ram:BICID
"""

# BT-110: the same element also carries BT-111, the total in the accounting currency; $currency
# is the invoice's (BT-5), given once instead of looked up for each element.
TOTALS = """
lines! decimal BT-106 Sum of Invoice line net amount
    UBLTOTAL/cbc:LineExtensionAmount
    SUMMATION/ram:LineTotalAmount
allowances decimal BT-107 Sum of allowances on document level
    UBLTOTAL/cbc:AllowanceTotalAmount
    SUMMATION/ram:AllowanceTotalAmount
charges decimal BT-108 Sum of charges on document level
    UBLTOTAL/cbc:ChargeTotalAmount
    SUMMATION/ram:ChargeTotalAmount
net! decimal BT-109 Invoice total amount without VAT
    UBLTOTAL/cbc:TaxExclusiveAmount
    SUMMATION/ram:TaxBasisTotalAmount
tax decimal BT-110 Invoice total VAT amount
    UBLTAX
    SUMMATION/TAXTOTAL
tax_currency text BT-5 Currency of the invoice total VAT amount
    UBLTAX/@currencyID
    SUMMATION/TAXTOTAL/@currencyID
gross! decimal BT-112 Invoice total amount with VAT
    UBLTOTAL/cbc:TaxInclusiveAmount
    SUMMATION/ram:GrandTotalAmount
prepaid decimal BT-113 Paid amount
    UBLTOTAL/cbc:PrepaidAmount
    SUMMATION/ram:TotalPrepaidAmount
rounding decimal BT-114 Rounding amount
    UBLTOTAL/cbc:PayableRoundingAmount
    SUMMATION/ram:RoundingAmount
due! decimal BT-115 Amount due for payment
    UBLTOTAL/cbc:PayableAmount
    SUMMATION/ram:DuePayableAmount
stated_allowances sum BT-92 Document level allowance amount
    UBLALLOWANCE/cbc:Amount
    SETTLEMENT/ALLOWANCE/ram:ActualAmount
stated_charges sum BT-99 Document level charge amount
    UBLCHARGE/cbc:Amount
    SETTLEMENT/CHARGE/ram:ActualAmount | SETTLEMENT/ram:SpecifiedLogisticsServiceCharge/AMOUNT
"""

# The creditor's SEPA identifier (BT-90) sits in the same UBL element as the party's own.
_PARTY = """
name! text {name} {role} name
    cac:PartyLegalEntity/cbc:RegistrationName
    ram:Name
identifier text {identifier} {role} identifier
    cac:PartyIdentification/cbc:ID[not(@schemeID = 'SEPA')]
    ram:ID | ram:GlobalID
vat_id text {vat_id} {role} VAT identifier
    cac:PartyTaxScheme[normalize-space(cac:TaxScheme/cbc:ID) = 'VAT']/cbc:CompanyID
    ram:SpecifiedTaxRegistration/ram:ID[@schemeID = 'VA']
tax_registration text BT-32 {role} tax registration identifier
    cac:PartyTaxScheme[normalize-space(cac:TaxScheme/cbc:ID) != 'VAT']/cbc:CompanyID
    ram:SpecifiedTaxRegistration/ram:ID[@schemeID = 'FC']
registration text {registration} {role} legal registration identifier
    cac:PartyLegalEntity/cbc:CompanyID
    ram:SpecifiedLegalOrganization/ram:ID
gln text {identifier} {role} global location number
    cac:PartyIdentification/cbc:ID[@schemeID = '0088'] | cbc:EndpointID[@schemeID = '0088']
    ram:GlobalID[@schemeID = '0088'] | ram:URIUniversalCommunication/ram:URIID[@schemeID = '0088']
street text {street} {role} address line 1
    cac:PostalAddress/cbc:StreetName
    ram:PostalTradeAddress/ram:LineOne
street_2 text {street_2} {role} address line 2
    cac:PostalAddress/cbc:AdditionalStreetName
    ram:PostalTradeAddress/ram:LineTwo
street_3 text {street_3} {role} address line 3
    cac:PostalAddress/cac:AddressLine/cbc:Line
    ram:PostalTradeAddress/ram:LineThree
city text {city} {role} city
    cac:PostalAddress/cbc:CityName
    ram:PostalTradeAddress/ram:CityName
postcode text {postcode} {role} post code
    cac:PostalAddress/cbc:PostalZone
    ram:PostalTradeAddress/ram:PostcodeCode
country_code text {country_code} {role} country code
    cac:PostalAddress/cac:Country/cbc:IdentificationCode
    ram:PostalTradeAddress/ram:CountryID
"""
SELLER = _PARTY.format(
    role="Seller",
    name="BT-27",
    identifier="BT-29",
    vat_id="BT-31",
    registration="BT-30",
    street="BT-35",
    street_2="BT-36",
    street_3="BT-162",
    city="BT-37",
    postcode="BT-38",
    country_code="BT-40",
)
BUYER = _PARTY.format(
    role="Buyer",
    name="BT-44",
    identifier="BT-46",
    vat_id="BT-48",
    registration="BT-47",
    street="BT-50",
    street_2="BT-51",
    street_3="BT-163",
    city="BT-52",
    postcode="BT-53",
    country_code="BT-55",
)

TAXES = """
basis! decimal BT-116 VAT category taxable amount
    cbc:TaxableAmount
    ram:BasisAmount
amount! decimal BT-117 VAT category tax amount
    cbc:TaxAmount
    ram:CalculatedAmount
category text BT-118 VAT category code
    cac:TaxCategory/cbc:ID
    ram:CategoryCode
rate decimal BT-119 VAT category rate
    cac:TaxCategory/cbc:Percent
    ram:RateApplicablePercent
"""

# A line's own order number is not in EN 16931 (the header's BT-13 holds); seen in practice.
LINES = """
number! text BT-126 Invoice line identifier
    cbc:ID
    ram:AssociatedDocumentLineDocument/ram:LineID
quantity! decimal BT-129 Invoiced quantity
    cbc:InvoicedQuantity | cbc:CreditedQuantity
    ram:SpecifiedLineTradeDelivery/ram:BilledQuantity
unit text BT-130 Unit of measure code
    cbc:InvoicedQuantity/@unitCode | cbc:CreditedQuantity/@unitCode
    ram:SpecifiedLineTradeDelivery/ram:BilledQuantity/@unitCode
net! decimal BT-131 Invoice line net amount
    cbc:LineExtensionAmount
    LINESETTLEMENT/ram:SpecifiedTradeSettlementLineMonetarySummation/ram:LineTotalAmount
order_number text BT-13 Purchase order reference
    cac:OrderLineReference/cac:OrderReference/cbc:ID
    LINEAGREEMENT/ram:BuyerOrderReferencedDocument/ram:IssuerAssignedID
order_line text BT-132 Referenced purchase order line reference
    cac:OrderLineReference/cbc:LineID
    LINEAGREEMENT/ram:BuyerOrderReferencedDocument/ram:LineID
allowances sum BT-136 Invoice line allowance amount
    UBLALLOWANCE/cbc:Amount
    LINESETTLEMENT/ALLOWANCE/ram:ActualAmount
charges sum BT-141 Invoice line charge amount
    UBLCHARGE/cbc:Amount
    LINESETTLEMENT/CHARGE/ram:ActualAmount
price decimal BT-146 Item net price
    cac:Price/cbc:PriceAmount
    LINEAGREEMENT/ram:NetPriceProductTradePrice/ram:ChargeAmount
price_quantity decimal BT-149 Item price base quantity
    cac:Price/cbc:BaseQuantity
    LINEAGREEMENT/ram:NetPriceProductTradePrice/ram:BasisQuantity
rate decimal BT-152 Invoiced item VAT rate
    UBLLINETAX/cbc:Percent
    LINETAX/ram:RateApplicablePercent
name! text BT-153 Item name
    cac:Item/cbc:Name
    PRODUCT/ram:Name
description text BT-154 Item description
    cac:Item/cbc:Description
    PRODUCT/ram:Description
seller_item text BT-155 Item Seller's identifier
    cac:Item/cac:SellersItemIdentification/cbc:ID
    PRODUCT/ram:SellerAssignedID
buyer_item text BT-156 Item Buyer's identifier
    cac:Item/cac:BuyersItemIdentification/cbc:ID
    PRODUCT/ram:BuyerAssignedID
"""
