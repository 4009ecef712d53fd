"""ION messaging, "IMS via API Gateway" (docs/reference/ion-messaging.md#endpoints)."""
