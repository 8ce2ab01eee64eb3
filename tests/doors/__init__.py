"""Every rule of the database, tried by three doors: raw SQL, the API, the admin. `make
doors` prints the list.
"""
