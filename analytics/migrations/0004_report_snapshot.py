from django.db import migrations, models
from django.db.models import F, Q


class Migration(migrations.Migration):
    dependencies = [("analytics", "0003_mark_days")]

    operations = [
        migrations.RemoveConstraint("keptreport", "kept_report_days_in_order"),
        migrations.RenameModel("KeptReport", "ReportSnapshot"),
        migrations.RenameField("reportsnapshot", "stamp", "figures_version"),
        migrations.AddConstraint(
            "reportsnapshot",
            models.CheckConstraint(
                condition=Q(first__lte=F("last")), name="report_snapshot_days_in_order"
            ),
        ),
    ]
