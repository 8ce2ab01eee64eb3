"""Every day that has figures is made anew by the next rollups, the newest first, as the new
tables know nothing of it.
"""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("analytics", "0002_rollups_and_kept_reports")]

    operations = [
        migrations.RunSQL(
            "INSERT INTO analytics_dirtyday (day) SELECT day FROM analytics_dailysales ON CONFLICT DO NOTHING",
            migrations.RunSQL.noop,
        )
    ]
