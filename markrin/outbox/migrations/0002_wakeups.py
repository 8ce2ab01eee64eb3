"""`rings` becomes `wakeups`; due jobs are found by queue; what nobody claims any more goes."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("outbox", "0001_initial")]
    operations = [
        migrations.RenameField("outboxevent", "rings", "wakeups"),
        migrations.AlterField(
            "outboxevent",
            "wakeups",
            models.SmallIntegerField(
                db_default=0, help_text="messages since it was last picked up"
            ),
        ),
        migrations.RemoveIndex("outboxevent", "outbox_event_due"),
        migrations.AddIndex(
            "outboxevent",
            models.Index(
                fields=["queue", "wake_at"],
                name="outbox_event_due",
                condition=models.Q(wake_at__isnull=False),
            ),
        ),
        migrations.RemoveField("heartbeat", "slot"),
    ]
