"""Placeholder until the accounts work lands."""
