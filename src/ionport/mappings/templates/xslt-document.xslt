<?xml version="1.0" encoding="UTF-8"?>
<!-- Stylesheet for files of documents of every type, shipped with ionport. Its input is
     document/fields_compact with one element for each field, and document/tables with one element
     for each table. ADAPT: the names of the elements that your receiver reads. -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
  <xsl:output method="xml" encoding="UTF-8" indent="yes"/>

  <xsl:template match="/document">
    <Document type="{document_type}">
      <xsl:apply-templates select="fields_compact/*"/>
      <Lines>
        <xsl:for-each select="tables/INVOICE_TABLE/row">
          <Line number="{position()}">
            <xsl:apply-templates select="*"/>
          </Line>
        </xsl:for-each>
      </Lines>
      <Taxes>
        <xsl:for-each select="tables/tax_lines/row">
          <Tax>
            <xsl:apply-templates select="*"/>
          </Tax>
        </xsl:for-each>
      </Taxes>
    </Document>
  </xsl:template>

  <xsl:template match="fields_compact/* | row/*">
    <xsl:copy>
      <xsl:value-of select="."/>
    </xsl:copy>
  </xsl:template>
</xsl:stylesheet>
