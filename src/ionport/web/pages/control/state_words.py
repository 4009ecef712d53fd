"""What the tables of a sandbox hold, as its page says it."""

from __future__ import annotations

from typing import Final

from ionport.core.i18n import N_

STATE_WORDS: Final = {
    "catalog_objects": N_("Data Catalog: objects"),
    "compass_jobs": N_("Data Fabric: queries of Compass"),
    "idm_entities": N_("IDM: document types added here"),
    "idm_entity_acls": N_("IDM: ACLs of document types"),
    "idm_entity_attributes": N_("IDM: attributes of document types"),
    "idm_items": N_("IDM: items"),
    "idm_attributes": N_("IDM: values of items"),
    "idm_resources": N_("IDM: files of items"),
    "idm_versions": N_("IDM: earlier versions"),
    "idm_version_resources": N_("IDM: files of earlier versions"),
    "ion_connection_points": N_("ION: connection points"),
    "ion_point_documents": N_("ION: documents of connection points"),
    "ion_document_flows": N_("ION: document flows"),
    "ion_messages": N_("ION: messages"),
    "ion_arrivals": N_("ION: arrivals of messages"),
    "ion_acknowledgements": N_("ION: acknowledgements"),
    "ion_ack_attempts": N_("ION: attempts to send acknowledgements"),
    "ion_settings": N_("ION: settings"),
    "lake_objects": N_("Data Lake: data objects"),
    "ln_companies": N_("LN: companies"),
    "ln_invoices": N_("LN: invoices"),
    "ln_receipts": N_("LN: receipts"),
    "m3_companies": N_("M3: companies"),
    "m3_records": N_("M3: records"),
    "sandbox_calls": N_("Recorded calls"),
    "sandbox_faults": N_("Fault rules"),
    "sandbox_token_marks": N_("Marks of expired tokens"),
}
