"""What an operator sees: log lines, metrics, readiness and spans; domains use `core.telemetry`."""
