"""The manual as a site of plain files, for whoever has no server to ask."""
