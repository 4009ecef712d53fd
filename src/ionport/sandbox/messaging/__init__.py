"""ION messaging, "IMS via API Gateway" (facts/infor-targets.md §2)."""
