"""Puts the make-believe carrier and the browser phone into the web application."""

from typing import Any

from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway import phones
from gateway.lists import among
from gateway.models.area import Area
from gateway.models.person import Handset, Person, PersonHandset
from gateway.runtime import Runtime
from gateway.simulator import phone, rest
from gateway.simulator.calls import Exchange
from gateway.simulator.network import Network, SimulatorConfig
from gateway.simulator.store import Store

_KINDS = {"landline": "座机", "mobile": "手机"}


def mount(app: Flask, rt: Runtime) -> Network:
    """Add the routes; returns the network for tests that want to look behind it."""
    st = rt.settings
    config = SimulatorConfig(
        path=st.data_dir / "carrier.db",
        account_sid=st.account_sid,
        auth_token=st.auth_token,
        public_url=st.base_url,
        webhook_base=st.local_url,
        hotline=st.hotline,
        others=tuple(sorted(st.ring_back_numbers)),
        handsets=_Handsets(rt),
    )
    network = Network(config, Store(config.path))
    exchange = Exchange(network)
    app.register_blueprint(rest.make(network, exchange))
    app.register_blueprint(phone.make(network, exchange))
    return network


class _Handsets:
    """The handsets that may be tried out: those with sample numbers, never a resident's own, whoever was imported."""

    def __init__(self, rt: Runtime) -> None:
        self.rt, self.sample, self.looked_until = rt, set[int](), 0

    def __call__(self) -> list[dict[str, Any]]:
        """Each with who answers it; numbers in full, since these are nobody's."""
        found: dict[int, dict[str, Any]] = {}
        with self.rt.db.read() as s:
            self._look(s)
            rows = s.execute(
                select(Handset, Person.name, Area.name)
                .join(PersonHandset, PersonHandset.handset_id == Handset.id)
                .join(Person, Person.id == PersonHandset.person_id)
                .join(Area, Area.id == Person.area_id)
                .where(among(s, Handset.id, self.sample))
                .order_by(Handset.id, Person.id)  # the sample township's own first, whoever was imported
                .limit(400)
            )
            for handset, name, area in rows:
                one = found.setdefault(
                    handset.id, {"number": handset.number, "kind": handset.kind, "people": [], "area": area}
                )
                one["people"].append(name)
        for one in found.values():
            one["label"] = f"{'、'.join(one['people'])}的{_KINDS.get(one['kind'], '电话')}"
            one["shared"] = len(one["people"]) > 1
        return sorted(found.values(), key=lambda one: str(one["area"]))

    def _look(self, s: Session) -> None:
        # numbers are sealed, so that only opening them tells; each is opened once a process
        new = select(Handset.id, Handset.number).where(Handset.id > self.looked_until).order_by(Handset.id)
        for id, number in s.execute(new):
            self.looked_until = id
            if phones.is_sample(number):
                self.sample.add(id)
