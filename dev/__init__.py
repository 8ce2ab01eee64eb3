"""The local stack: PostgreSQL, Valkey and the shop's processes on one machine. Nothing in
production imports this.
"""
