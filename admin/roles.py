"""Which page of the panel needs which power; who holds it says the table in gateway.models.organizer."""

from flask import g
from flask_babel import gettext as _

from admin import words
from gateway.models.organizer import AGREE, ENTER, HEAR, JUDGE, KEEP, LEAD, MAY, RULE, WRITE

# Every form, and the pages that only lead to one: nobody fills in what will be refused. A form that is missing here is
# closed to all, so that a new one can't be forgotten.
NEEDS: dict[str, tuple[str, ...]] = {
    "new_consultation": (WRITE,),
    "create_consultation": (WRITE,),
    "edit_consultation": (WRITE,),
    "save_consultation": (WRITE,),
    "announcement": (WRITE, LEAD),
    "announce": (LEAD,),
    "close_consultation": (LEAD,),
    "publication": (LEAD,),
    "publish": (LEAD,),
    "withdraw_consultation": (LEAD,),
    "take_step": (LEAD,),
    "add_topic": (RULE,),
    "one_topic": (RULE,),
    "change_topic": (RULE,),
    "end_topic": (RULE,),
    "usual_topics": (RULE,),
    "enter_proposal": (ENTER,),
    "settle_proposal": (WRITE, LEAD),
    "plan_task": (LEAD,),
    "finish_task": (LEAD,),
    "tell_progress": (LEAD,),
    "disclose": (LEAD,),
    "evaluate": (LEAD, JUDGE),
    "report_evaluation": (LEAD,),
    "close_file": (LEAD,),
    "government_answered": (LEAD,),
    "visits": (ENTER,),
    "tick_door": (ENTER,),
    "extend_publicity": (LEAD,),
    "call_assembly": (LEAD,),
    "new_assembly": (LEAD,),
    "count_assembly": (LEAD,),
    "order_correction": (RULE,),
    "supervision_note": (HEAR,),
    "inspect": (HEAR,),
    "inspection": (HEAR,),
    "refer": (LEAD,),
    "answer_referral": (LEAD,),
    "raise_flag": (HEAR,),
    "answer_flag": (LEAD,),
    "settle_flag": (HEAR,),
    "settle_objection": (LEAD,),
    "keep_spoken": (LEAD,),  # and for the hotline's own sentences RULE at the top: admin.prompts
    "spoken_code": (LEAD,),
    "withdraw_prompt": (LEAD,),
    "spoken_languages": (RULE,),
    "spoken_script": (RULE,),
    "choose_sides": (WRITE,),
    "choose_segment": (WRITE,),
    "add_participant": (WRITE,),
    "remove_participant": (WRITE,),
    "new_meeting": (WRITE,),
    "plan_meeting": (WRITE,),
    "list_for_meeting": (WRITE,),
    "invite_to_meeting": (LEAD,),
    "begin_meeting": (LEAD,),
    "ring_meeting_room": (LEAD,),
    "keep_minutes": (LEAD,),
    "cancel_meeting": (LEAD,),
    "enter_answer": (ENTER,),
    "enter_mandate": (ENTER,),
    "settle_mandate": (ENTER,),  # and to vouch for one KEEP: admin.mandates
    "add_assessment": (WRITE,),
    "written": (ENTER,),
    "enter_written": (ENTER,),
    "paper": (ENTER,),
    "enter_paper": (ENTER,),
    "print_paper": (ENTER,),
    "archive": (WRITE, HEAR),
    "download_archive": (WRITE, HEAR),
    "download_identities": (RULE,),
    "record_loudspeaker": (ENTER,),
    "sort_opinions": (ENTER, WRITE),
    "change_group": (ENTER, WRITE),
    "answer_opinions": (LEAD,),
    "correct_answer": (LEAD,),
    "add_theme": (WRITE,),
    "change_theme": (WRITE,),
    "usual_themes": (WRITE,),
    "recuse": (LEAD, RULE, HEAR),
    "recuse_resident": (LEAD, RULE, HEAR),
    "end_recusal": (RULE,),
    "opinion_done": (ENTER,),
    "watchers_done": (HEAR,),
    "opinion_phone": (ENTER,),
    "send_again": (ENTER,),
    "dismiss_alarm": (ENTER,),
    "import_residents": (KEEP,),
    "upload_roster": (KEEP,),
    "confirm_import": (KEEP,),
    "one_import": (KEEP,),
    "import_rows": (KEEP,),
    "cancel_import": (KEEP,),
    "phone_works": (KEEP,),
    "personal_code": (KEEP,),
    "resident_tags": (KEEP,),
    "accept_claim": (KEEP,),
    "reject_claim": (KEEP,),
    "add_entry": (WRITE,),
    "one_entry": (WRITE,),
    "correct_entry": (WRITE,),
    "strike_entry": (WRITE,),
    "publish_subsidies": (LEAD,),
    "new_broadcast": (WRITE,),
    "create_broadcast": (WRITE,),
    "start_broadcast": (LEAD,),
    "steer_broadcast": (LEAD,),
    "ask_carrier": (LEAD,),
    "approve_broadcast": (AGREE,),
    "return_broadcast": (AGREE,),
    "areas": (RULE,),
    "one_area": (RULE,),
    "save_area": (RULE,),
    "change_rules": (RULE,),
    "apply_preset": (RULE,),
    "one_day_on": (ENTER,),  # the trial village's clock
}
OWN = ("sign_in", "logout", "change_password")  # everybody's own account


def may(*powers: str) -> bool:
    """Whether whoever is signed in holds one of these powers."""
    return bool(g.organizer) and g.organizer.may(*powers)


def open_to_me(endpoint: str, method: str) -> bool:
    """Whether this page of the panel is for whoever is signed in; what it shows is decided by the queries behind it."""
    name = endpoint.removeprefix("admin.")
    if name in NEEDS:
        return may(*NEEDS[name])
    return method in ("GET", "HEAD", "OPTIONS") or name in OWN


def why_not(*powers: str) -> str:
    """Why something is closed to this role, and who does it instead; “” when it is open."""
    if may(*powers):
        return ""
    if not g.organizer.acts:
        return _("您的账号是%(role)s，只看，不办", role=words.ROLES[g.organizer.role])
    # the administrator keeps the machine running; nobody should wait for one to run a village's matter
    holders = [role for role, held in MAY.items() if set(held) & set(powers) and role != "administrator"]
    who = _("、").join(str(words.ROLES[role]) for role in holders)
    return _("您的账号是%(role)s，这一步要%(who)s来办", role=words.ROLES[g.organizer.role], who=who)
