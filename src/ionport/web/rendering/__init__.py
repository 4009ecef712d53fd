"""From templates to pages: layout, assets, lists, bodies, downloads, the audit trail."""
