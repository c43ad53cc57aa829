"""Residents: finding them, and one resident."""

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from admin import words
from admin.common import me, panel, reading, runtime, writing
from admin.forms import page_number
from gateway import codes
from gateway.models.answer import Opinion
from gateway.models.area import Area
from gateway.models.person import Handset, Household, Person
from gateway.outreach import singles
from gateway.people import consent, rights
from gateway.people import residents as people


@panel.get("/residents/")
def residents() -> str:
    text = request.args.get("q", "")[:60]
    with reading() as s:
        found = people.search(s, rights.area_ids(s, me()), text, page_number())
        return render_template("admin/residents.html", found=found, q=text)


@panel.get("/residents/<int:id>")
def one_resident(id: int) -> str:
    with reading() as s:
        person = rights.get(s, rights.people(s, me()), Person, id)
        household = s.get(Household, person.household_id) if person.household_id else None
        members = (
            list(s.scalars(rights.people(s, me()).where(Person.household_id == household.id)))
            if household
            else []
        )
        phones = [(h, people.people_on(s, h.id)) for h in people.handsets_of(s, person.id)]
        said = rights.opinions(s, me()).where(Opinion.person_id == id, Opinion.anonymous.is_(False))
        return render_template(
            "admin/resident.html",
            person=person,
            area=s.get_one(Area, person.area_id),
            household=household,
            members=members,
            phones=phones,
            how=consent.stopped_how(s, [h for h, _others in phones]),
            letters=singles.to(s, runtime().settings, [h.id for h, _others in phones]),
            opinions=list(s.scalars(said.order_by(Opinion.id.desc()).limit(20))),
        )


@panel.post("/residents/<int:id>/code")
def personal_code(id: int) -> Response:
    """Set or forget somebody's four digits, in their presence; nobody sees those that were set before."""
    digits = request.form.get("code", "").strip()
    with writing() as s:
        person = rights.get(s, rights.people(s, me()), Person, id)
        if request.form.get("forget"):
            codes.forget(person)
            told = _("密码去掉了，按键表态不再问密码")
        else:
            try:
                codes.keep(person, digits)
            except ValueError:
                flash(_("密码是四个数字，请让本人自己定"), "wrong")
                return redirect(url_for("admin.one_resident", id=id))
            told = _("密码设好了。请本人记牢，村里看不到这个密码。")
        rights.act(s, me(), "personal_code", f"person:{id}", person.area_id)
    flash(told)
    return redirect(url_for("admin.one_resident", id=id))


@panel.post("/residents/<int:id>/phones/<int:phone>/works")
def phone_works(id: int, phone: int) -> Response:
    """A number the carrier called bad is in use after all: broadcasts try it again."""
    with writing() as s:
        person = rights.get(s, rights.people(s, me()), Person, id)
        found = rights.get(s, rights.handsets(s, me()), Handset, phone)
        rights.act(s, me(), "phone_works", f"handset:{phone}", person.area_id)
        people.works_again(s, found)
    flash(_("记下了，下回照样通知这个号码"))
    return redirect(url_for("admin.one_resident", id=id))


@panel.post("/residents/<int:id>/tags")
def resident_tags(id: int) -> Response:
    """What somebody is in the village, by which matters ask them and groups have a voice. Tags this form doesn't offer
    stay as they are."""
    with writing() as s:
        person = rights.get(s, rights.people(s, me()), Person, id)
        kept = [tag for tag in person.tags or () if tag not in words.STANDING]
        person.tags = [*kept, *(tag for tag in words.STANDING if tag in request.form.getlist("tag"))]
        rights.act(s, me(), "resident_tags", f"person:{id}", person.area_id)
    flash(_("身份改好了"))
    return redirect(url_for("admin.one_resident", id=id))
