"""The same broadcast as an ordinary Django + Celery project has it: a row and a task for each message.

`celery -A bench.celery_app worker` sends. `python -m bench.celery_app` broadcasts: a number on stdin, its seconds
on stdout. FLOOR_DATABASE, FLOOR_BROKER and FLOOR_CARRIER are URLs.
"""

import functools
import os
import sys
import time

import django
from celery import Celery, shared_task
from django.conf import settings
from sqlalchemy.engine import make_url

from bench import village
from bench.load import TOKEN

_url = make_url(os.environ["FLOOR_DATABASE"])
_sqlite = _url.drivername == "sqlite"
_database = {
    "ENGINE": "django.db.backends.sqlite3" if _sqlite else "django.db.backends.postgresql",
    "NAME": _url.database, "HOST": _url.query.get("host", _url.host) or "", "PORT": _url.port or "",
    "USER": _url.username or "", "PASSWORD": _url.password or "", "CONN_MAX_AGE": None,
    "OPTIONS": {
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL", "timeout": 30, "transaction_mode": "IMMEDIATE",
    } if _sqlite else {},
}  # fmt: skip
settings.configure(
    DATABASES={"default": _database}, USE_TZ=True, DEFAULT_AUTO_FIELD="django.db.models.BigAutoField"
)
os.environ["DJANGO_SETTINGS_MODULE"] = __name__  # only its presence counts: Celery then minds the connections
django.setup()

from django.db import connection, models  # noqa: E402 - Django wants its settings first

app = Celery("floor", broker=os.environ["FLOOR_BROKER"])
app.conf.update(
    task_ignore_result=True,
    worker_prefetch_multiplier=64,  # what Celery's manual advises for short tasks
    broker_connection_retry_on_startup=True,
)
app.set_default()


class Message(models.Model):
    to = models.CharField(max_length=20)
    body = models.TextField()
    state = models.CharField(max_length=20, default="planned")
    sid = models.CharField(max_length=40, default="")
    batch = models.IntegerField(db_index=True)

    class Meta:
        app_label = "floor"


@functools.cache
def carrier():  # type: ignore[no-untyped-def]
    """The official client, one a process, kept alive."""
    from twilio.http.http_client import TwilioHttpClient
    from twilio.rest import Client

    class Redirected(TwilioHttpClient):
        def request(self, method, uri, *args, **more):  # type: ignore[no-untyped-def]
            uri = uri.replace("https://api.twilio.com", os.environ["FLOOR_CARRIER"], 1)
            return super().request(method, uri, *args, **more)

    return Client(village.SID, TOKEN, http_client=Redirected())


@shared_task(name="send")
def send(pk: int) -> None:
    message = Message.objects.get(pk=pk)
    sent = carrier().messages.create(
        to=message.to, from_=village.HOTLINE, body=message.body, validity_period=36000,
        status_callback=f"https://xiangyin.example/twilio/status/message?d={pk}&n=1",
    )  # fmt: skip
    message.sid, message.state = sent.sid, "accepted"
    message.save(update_fields=["sid", "state"])


def broadcast(n: int, batch: int) -> float:
    """Seconds from the first row made to the last row accepted."""
    begin = time.perf_counter()
    rows = [Message(to=to, body=village.WORDS, batch=batch) for to in village.numbers(n)]
    for message in Message.objects.bulk_create(rows, batch_size=500):
        send.delay(message.pk)
    while Message.objects.filter(batch=batch, state="planned").exists():
        assert time.perf_counter() - begin < 120, "not through after two minutes"
        time.sleep(0.02)
    seconds = time.perf_counter() - begin
    assert Message.objects.filter(batch=batch, state="accepted").exclude(sid="").count() == n
    return seconds


if __name__ == "__main__":
    if Message._meta.db_table not in connection.introspection.table_names():
        with connection.schema_editor() as editor:
            editor.create_model(Message)
    print("ready", flush=True)
    for line in sys.stdin:
        print(broadcast(int(line), batch=time.time_ns() // 1000 % 2**31), flush=True)
