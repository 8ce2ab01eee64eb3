"""Write docs/rights.md from the table of rights: `python -m dev.rights_page`."""

import sys

from dev.stack import ROOT
from markrin import rights

HEAD = """# Who may do what

Written by `python -m dev.rights_page` from `markrin/rights.py`, the one table that the API and the
admin ask.

Customers see what is theirs; somebody else's object does not exist (404). Staff may do what the
rows of their groups say, admins may do everything. A row marked "recent" asks for a second factor
that was given within `REAUTHENTICATION_S`, or where `ADMIN_SECOND_FACTOR` is off, for the password;
in the admin for what stands in brackets in the last column (`changelist`: its actions).
Nobody acts on a user who has more rights. A shop that wants to allow more pages of the admin makes
a group of its own; the calls of the API follow this table alone.

"""


def make_page() -> str:
    """Return the page in Markdown."""
    groups = "\n".join(
        f"- `{name}`: {meaning}" for name, meaning in rights.GROUPS.items()
    )
    rows = "\n".join(
        f"| {area} | {holders} | {calls or '–'} | {pages or '–'} |"
        for area, holders, calls, pages in rights.list_table()
    )
    head = (
        "| what | who | calls of the API | pages of the admin |\n|---|---|---|---|"
    )
    table = f"{head}\n{rows}"
    return f"{HEAD}{groups}\n\n{table}\n"


def main() -> int:
    """Write the page."""
    (ROOT / "docs/rights.md").write_text(make_page())
    return 0


if __name__ == "__main__":
    sys.exit(main())
