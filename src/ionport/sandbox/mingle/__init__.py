"""Infor Mingle's social service: the one call that every SDK sample makes."""
