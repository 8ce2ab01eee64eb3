"""Every rule of the database, tried in three ways: raw SQL, the API, the admin. `make
constraints` prints the list.
"""
