"""Rules that no two rows hold at the same time (EXCLUDE) compare ids beside ranges."""

from django.db import migrations

from markrin.db.operations import CreateDeclared
from markrin.db.shared import Extension


class Migration(migrations.Migration):
    dependencies = [("markrin", "0001_initial")]
    operations = [CreateDeclared(Extension(name="btree_gist"))]
