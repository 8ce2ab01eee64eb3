"""The function of the former search, which no column is made of any more."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("markrin", "0003_text_search"),
        ("products", "0007_fill_search"),
    ]
    operations = [
        migrations.RunSQL(
            "DROP FUNCTION markrin_search_document",
            migrations.RunSQL.noop,
        )
    ]
