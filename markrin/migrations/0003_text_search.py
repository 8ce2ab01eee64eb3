"""The words of a search, cut by Unicode's rules."""

from django.db import migrations

from markrin.db.operations import CreateDeclared
from markrin.db.text_search import TEXT_FUNCTIONS


class Migration(migrations.Migration):
    dependencies = [("markrin", "0002_btree_gist")]
    operations = [CreateDeclared(function) for function in TEXT_FUNCTIONS]
