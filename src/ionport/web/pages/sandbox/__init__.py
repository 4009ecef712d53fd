"""Inspector, IDM document types and coverage of the sandbox."""
