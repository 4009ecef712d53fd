"""M3 behind `m3api-rest`: transactions that keep state.

Source: docs/reference/m3.md.
"""
