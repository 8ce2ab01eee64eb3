"""Calls to addresses that other people have given: public ones only, and never for long."""
