"""How much of Infor's limits connections use."""
