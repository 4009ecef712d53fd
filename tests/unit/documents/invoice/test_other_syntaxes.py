"""ZUGFeRD 1.0 and FatturaPA are read into the same terms."""

from __future__ import annotations

from decimal import Decimal

import pytest

from ionport.core.errors import InvalidInput
from ionport.documents.intake.containers import ReceivedFile, unpack
from ionport.documents.intake.reading import read_file
from ionport.documents.invoice.model import Concern, Kind
from ionport.documents.invoice.reading.bodies import split_bodies
from ionport.documents.invoice.reading.reader import read_invoice, read_invoices
from ionport.documents.invoice.table import Syntax
from ionport.documents.types import INVOICE_TABLE, TAX_LINES
from tests.unit.core.unpacking.test_signed import signed

_BODY = """
<FatturaElettronicaBody>
 <DatiGenerali>
  <DatiGeneraliDocumento>
   <TipoDocumento>{kind}</TipoDocumento><Divisa>EUR</Divisa><Data>2026-03-02</Data>
   <Numero>{number}</Numero>{more}
   <ScontoMaggiorazione><Tipo>SC</Tipo><Importo>5.00</Importo></ScontoMaggiorazione>
   <ImportoTotaleDocumento>122.00</ImportoTotaleDocumento><Causale>Fornitura marzo</Causale>
  </DatiGeneraliDocumento>
  <DatiOrdineAcquisto><IdDocumento>ORD-7</IdDocumento><CodiceCIG>CIG1</CodiceCIG>
  </DatiOrdineAcquisto>
 </DatiGenerali>
 <DatiBeniServizi>
  <DettaglioLinee><NumeroLinea>1</NumeroLinea>
   <CodiceArticolo><CodiceTipo>EAN</CodiceTipo><CodiceValore>800123</CodiceValore></CodiceArticolo>
   <Descrizione>Viti</Descrizione><Quantita>10.00</Quantita><UnitaMisura>PZ</UnitaMisura>
   <PrezzoUnitario>10.00</PrezzoUnitario><PrezzoTotale>100.00</PrezzoTotale>
   <AliquotaIVA>22.00</AliquotaIVA></DettaglioLinee>
  <DatiRiepilogo><AliquotaIVA>22.00</AliquotaIVA><ImponibileImporto>100.00</ImponibileImporto>
   <Imposta>22.00</Imposta><EsigibilitaIVA>I</EsigibilitaIVA></DatiRiepilogo>
 </DatiBeniServizi>
 <DatiPagamento><CondizioniPagamento>TP02</CondizioniPagamento>
  <DettaglioPagamento><Beneficiario>Officina</Beneficiario><ModalitaPagamento>MP05</ModalitaPagamento>
   <DataScadenzaPagamento>2026-04-01</DataScadenzaPagamento>
   <ImportoPagamento>122.00</ImportoPagamento><IBAN>IT60X0542811101000000123456</IBAN>
  </DettaglioPagamento></DatiPagamento>
</FatturaElettronicaBody>"""
_WITHHOLDING = """<DatiRitenuta><TipoRitenuta>RT01</TipoRitenuta>
<ImportoRitenuta>20.00</ImportoRitenuta></DatiRitenuta>"""


def _fatturapa(*bodies: str) -> bytes:
    party = (
        "<{0}><DatiAnagrafici><IdFiscaleIVA><IdPaese>IT</IdPaese><IdCodice>{1}</IdCodice>"
        "</IdFiscaleIVA><Anagrafica>{2}</Anagrafica></DatiAnagrafici><Sede><Indirizzo>Via Roma"
        "</Indirizzo><NumeroCivico>1</NumeroCivico><CAP>20121</CAP><Comune>Milano</Comune>"
        "<Provincia>MI</Provincia><Nazione>IT</Nazione></Sede></{0}>"
    )
    return (
        '<p:FatturaElettronica versione="FPR12" xmlns:p='
        '"http://ivaservizi.agenziaentrate.gov.it/docs/xsd/fatture/v1.2"><FatturaElettronicaHeader>'
        "<DatiTrasmissione><FormatoTrasmissione>FPR12</FormatoTrasmissione>"
        "<CodiceDestinatario>ABC1234</CodiceDestinatario></DatiTrasmissione>"
        + party.format(
            "CedentePrestatore", "01234567890", "<Nome>Anna</Nome><Cognome>Rossi</Cognome>"
        )
        + party.format(
            "CessionarioCommittente", "09876543210", "<Denominazione>Acme SpA</Denominazione>"
        )
        + "</FatturaElettronicaHeader>"
        + "".join(bodies)
        + "</p:FatturaElettronica>"
    ).encode()


def _body(number: str = "7/A", kind: str = "TD01", more: str = "") -> str:
    return _BODY.format(number=number, kind=kind, more=more)


def test_a_fatturapa_invoice_is_read() -> None:
    invoice = read_invoice(_fatturapa(_body()))
    assert (invoice.syntax, invoice.kind, invoice.profile) == (
        Syntax.FATTURAPA,
        Kind.INVOICE,
        "FPR12",
    )
    stated = {
        "BT-1": "7/A",
        "BT-2": "2026-03-02",
        "BT-5": "EUR",
        "BT-9": "2026-04-01",
        "BT-13": "ORD-7",
        "BT-17": "CIG1",
        "BT-22": "Fornitura marzo",
        "BT-27": "Anna Rossi",
        "BT-31": "IT01234567890",
        "BT-37": "Milano",
        "BT-44": "Acme SpA",
        "BT-49": "ABC1234",
        "BT-84": "IT60X0542811101000000123456",
        "BT-92": "5.00",
        "BG-20-1": "false",
        "BT-112": "122.00",
        "BT-115": "122.00",
        "BT-130": "PZ",
        "BT-153": "Viti",
        "BT-158": "800123",
        "BT-158-1": "EAN",
    }
    assert {term: invoice.tree.value(term) for term in stated} == stated
    assert [one.place.path for one in invoice.not_understood] == ["FatturaElettronica/@versione"]


def test_a_fatturapa_invoice_becomes_a_document() -> None:
    intake = read_file(_fatturapa(_body()))
    assert intake.findings == ()
    assert intake.fields["supplier_name"] == "Anna Rossi"
    assert intake.fields["supplier_iban"] == "IT60X0542811101000000123456"
    (row,) = intake.tables[INVOICE_TABLE]
    assert (row["POSITION"], row["NET_AMOUNT"], row["VAT"]) == ("1", "100.00", "22.00")
    (tax,) = intake.tables[TAX_LINES]
    assert tax["gross_amount"] == "122.00"


def test_a_withholding_holds_because_it_changes_what_is_paid() -> None:
    content = _fatturapa(_body(more=_WITHHOLDING))
    concerns = [one.concern for one in read_invoice(content).not_understood]
    assert concerns.count(Concern.MONEY) == 2
    assert {one.code for one in read_file(content).findings} == {"not_understood_money"}


def test_each_body_of_a_fatturapa_file_is_an_invoice() -> None:
    content = _fatturapa(_body("1"), _body("2", kind="TD04"))
    first, second = read_invoices(content)
    assert (first.tree.value("BT-1"), first.kind) == ("1", Kind.INVOICE)
    assert (second.tree.value("BT-1"), second.kind) == ("2", Kind.CREDIT_NOTE)
    assert second.tree.value("BT-27") == "Anna Rossi"
    with pytest.raises(InvalidInput) as caught:
        read_invoice(content)
    assert caught.value.code == "several_invoices"


_ZUGFERD_1 = b"""<?xml version="1.0" encoding="UTF-8"?>
<rsm:CrossIndustryDocument xmlns:rsm="urn:ferd:CrossIndustryDocument:invoice:1p0"
 xmlns:ram="urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:12"
 xmlns:udt="urn:un:unece:uncefact:data:standard:UnqualifiedDataType:15">
<rsm:SpecifiedExchangedDocumentContext><ram:GuidelineSpecifiedDocumentContextParameter>
<ram:ID>urn:ferd:CrossIndustryDocument:invoice:1p0:comfort</ram:ID>
</ram:GuidelineSpecifiedDocumentContextParameter></rsm:SpecifiedExchangedDocumentContext>
<rsm:HeaderExchangedDocument><ram:ID>R-1</ram:ID><ram:Name>RECHNUNG</ram:Name>
<ram:TypeCode>380</ram:TypeCode><ram:IssueDateTime>
<udt:DateTimeString format="102">20260302</udt:DateTimeString></ram:IssueDateTime>
<ram:IncludedNote><ram:Content>Danke</ram:Content></ram:IncludedNote>
</rsm:HeaderExchangedDocument>
<rsm:SpecifiedSupplyChainTradeTransaction>
<ram:ApplicableSupplyChainTradeAgreement>
<ram:SellerTradeParty><ram:GlobalID schemeID="0088">4000001000005</ram:GlobalID>
<ram:Name>Muster GmbH</ram:Name>
<ram:PostalTradeAddress><ram:PostcodeCode>10115</ram:PostcodeCode><ram:LineOne>Weg 1</ram:LineOne>
<ram:CityName>Berlin</ram:CityName><ram:CountryID>DE</ram:CountryID></ram:PostalTradeAddress>
<ram:SpecifiedTaxRegistration><ram:ID schemeID="FC">30/123/45</ram:ID>
</ram:SpecifiedTaxRegistration>
<ram:SpecifiedTaxRegistration><ram:ID schemeID="VA">DE123456789</ram:ID>
</ram:SpecifiedTaxRegistration>
</ram:SellerTradeParty><ram:BuyerTradeParty><ram:Name>Kunde AG</ram:Name></ram:BuyerTradeParty>
</ram:ApplicableSupplyChainTradeAgreement>
<ram:ApplicableSupplyChainTradeDelivery/>
<ram:ApplicableSupplyChainTradeSettlement><ram:PaymentReference>R-1</ram:PaymentReference>
<ram:InvoiceCurrencyCode>EUR</ram:InvoiceCurrencyCode>
<ram:SpecifiedTradeSettlementPaymentMeans><ram:PayeePartyCreditorFinancialAccount>
<ram:IBANID>DE02120300000000202051</ram:IBANID></ram:PayeePartyCreditorFinancialAccount>
</ram:SpecifiedTradeSettlementPaymentMeans>
<ram:ApplicableTradeTax><ram:CalculatedAmount currencyID="EUR">19.00</ram:CalculatedAmount>
<ram:TypeCode>VAT</ram:TypeCode><ram:BasisAmount currencyID="EUR">100.00</ram:BasisAmount>
<ram:CategoryCode>S</ram:CategoryCode><ram:ApplicablePercent>19.00</ram:ApplicablePercent>
</ram:ApplicableTradeTax>
<ram:SpecifiedTradeSettlementMonetarySummation>
<ram:LineTotalAmount currencyID="EUR">100.00</ram:LineTotalAmount>
<ram:ChargeTotalAmount currencyID="EUR">0.00</ram:ChargeTotalAmount>
<ram:AllowanceTotalAmount currencyID="EUR">0.00</ram:AllowanceTotalAmount>
<ram:TaxBasisTotalAmount currencyID="EUR">100.00</ram:TaxBasisTotalAmount>
<ram:TaxTotalAmount currencyID="EUR">19.00</ram:TaxTotalAmount>
<ram:GrandTotalAmount currencyID="EUR">119.00</ram:GrandTotalAmount>
<ram:DuePayableAmount currencyID="EUR">119.00</ram:DuePayableAmount>
</ram:SpecifiedTradeSettlementMonetarySummation>
</ram:ApplicableSupplyChainTradeSettlement>
<ram:IncludedSupplyChainTradeLineItem>
<ram:AssociatedDocumentLineDocument><ram:LineID>1</ram:LineID></ram:AssociatedDocumentLineDocument>
<ram:SpecifiedSupplyChainTradeAgreement><ram:NetPriceProductTradePrice>
<ram:ChargeAmount currencyID="EUR">10.0000</ram:ChargeAmount></ram:NetPriceProductTradePrice>
</ram:SpecifiedSupplyChainTradeAgreement>
<ram:SpecifiedSupplyChainTradeDelivery><ram:BilledQuantity unitCode="C62">10.00</ram:BilledQuantity>
</ram:SpecifiedSupplyChainTradeDelivery>
<ram:SpecifiedSupplyChainTradeSettlement><ram:SpecifiedTradeSettlementMonetarySummation>
<ram:LineTotalAmount currencyID="EUR">100.00</ram:LineTotalAmount>
</ram:SpecifiedTradeSettlementMonetarySummation></ram:SpecifiedSupplyChainTradeSettlement>
<ram:SpecifiedTradeProduct><ram:SellerAssignedID>A-1</ram:SellerAssignedID>
<ram:Name>Schraube</ram:Name></ram:SpecifiedTradeProduct>
</ram:IncludedSupplyChainTradeLineItem>
</rsm:SpecifiedSupplyChainTradeTransaction></rsm:CrossIndustryDocument>"""


def test_a_zugferd_1_invoice_is_read() -> None:
    invoice = read_invoice(_ZUGFERD_1)
    assert (invoice.syntax, invoice.not_understood) == (Syntax.ZUGFERD_1, ())
    stated = {
        "BT-1": "R-1",
        "BT-2": "2026-03-02",
        "BT-24": "urn:ferd:CrossIndustryDocument:invoice:1p0:comfort",
        "BT-27": "Muster GmbH",
        "BT-29": "4000001000005",
        "BT-29-1": "0088",
        "BT-31": "DE123456789",
        "BT-32": "30/123/45",
        "BT-83": "R-1",
        "BT-84": "DE02120300000000202051",
        "BT-119": "19.00",
        "BT-130": "C62",
        "BT-155": "A-1",
    }
    assert {term: invoice.tree.value(term) for term in stated} == stated
    total = invoice.tree.first("BT-112")
    assert total is not None
    assert (total.decimal, total.currency) == (Decimal("119.00"), "EUR")


def test_a_zugferd_1_invoice_becomes_a_document_that_nothing_holds() -> None:
    intake = read_file(_ZUGFERD_1)
    assert intake.findings == ()
    assert intake.fields["supplier_tax_number"] == "30/123/45"
    assert intake.tables[INVOICE_TABLE][0]["UNIT_PRICE"] == "10.0000"


def test_each_invoice_of_a_fatturapa_file_becomes_a_file_that_reads_the_same() -> None:
    content = _fatturapa(_body("1"), _body("2", kind="TD04", more=_WITHHOLDING))
    parts = split_bodies(content)
    assert parts == split_bodies(content)
    for part, whole in zip(parts, read_invoices(content), strict=True):
        one = read_invoice(part)
        assert [(node.term, node.text) for node in one.tree.walk()] == [
            (node.term, node.text) for node in whole.tree.walk()
        ]
        assert (one.kind, [left.text for left in one.not_understood]) == (
            whole.kind,
            [left.text for left in whole.not_understood],
        )
    assert split_bodies(parts[0]) == [parts[0]]
    inside = unpack(ReceivedFile("IT01.xml.p7m", signed(content)), 1_000_000)
    assert [(file.name, file.content) for file in inside] == [
        ("IT01-1.xml", parts[0]),
        ("IT01-2.xml", parts[1]),
    ]


def test_what_is_no_fatturapa_file_stays_as_it_is() -> None:
    for content in (b"<a>FatturaElettronicaBody FatturaElettronicaBody" * 2, b"FatturaElettronica"):
        assert split_bodies(content * 2) == [content * 2]
