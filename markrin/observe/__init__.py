"""How operators see what goes on: log lines, errors in Sentry, metrics, health.
`docs/operations.md` is their page.
"""
