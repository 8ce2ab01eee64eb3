"""What the tables of every app rely on, as `markrin/db/shared.py` declares it."""

from django.db import migrations

from markrin.db.operations import CreateDeclared
from markrin.db.shared import SHARED


class Migration(migrations.Migration):
    initial = True
    operations = [CreateDeclared(declared) for declared in SHARED]
