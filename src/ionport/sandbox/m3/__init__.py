"""M3 behind `m3api-rest` (facts/infor-targets.md §4): transactions that keep state."""
