"""M3's programs: what each transaction does with a company's records."""
