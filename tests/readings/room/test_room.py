"""The room over a real server: reading, roles, forms, headers and what is written down."""

import json
import logging
import os
import re
from dataclasses import replace
from datetime import timedelta

import pytest
import requests
from itsdangerous import TimestampSigner
from small_room import ANSWER, CANARY, PASSWORD, PEOPLE, OverSocket, Person, furnish, served
from some import some
from sqlalchemy import select

from orchestration import keys
from orchestration.command.room import _listen_at
from orchestration.ledger import tables
from orchestration.ledger.opening import open_ledger
from orchestration.readings import desk as desk_of_the_room
from orchestration.readings import pairs
from orchestration.readings.desk import Desk
from orchestration.readings.policy import read_policy
from orchestration.readings.room import app
from orchestration.stopping import NotThere

MEASURED = {
    "period": "2024-Q1",
    "question": "criterion",
    "pairs": 40,
    "agreed": 30,
    "alpha": 0.71,
    "alpha_low": 0.5,
    "alpha_high": 0.9,
    "ac1": 0.72,
    "ac1_low": 0.5,
    "ac1_high": 0.9,
    "verdict": "tentative",
}


@pytest.fixture
def room(home):
    furnish(home)
    with served(home) as address:
        yield address


@pytest.fixture
def people(room):
    """Everyone of PEOPLE, signed in."""

    def signed_in(username):
        person = Person(room)
        assert person.come_in(username).status_code == 200
        return person

    return {username: signed_in(username) for username in PEOPLE}


def rows(home, table):
    engine = open_ledger(home)
    with engine.connect() as connection:
        found = [dict(row) for row in connection.execute(select(table)).mappings()]
    engine.dispose()
    return found


def test_two_readers_disagree_and_a_third_settles_it(home, people):
    slot = people["reader-1"].take()
    page = people["reader-1"].get(f"/case/{slot}").text
    assert CANARY in page and "Is it group-based?" in page
    assert people["reader-1"].answer(slot).status_code == 200
    # a new reader is always read twice: the same crime, under another slot
    second = None
    while second is None or "46/000001/24" not in people["reader-2"].get(f"/case/{second}").text:
        if second:
            people["reader-2"].answer(second)
        second = people["reader-2"].take()
    page = people["reader-2"].get(f"/case/{second}").text
    assert "What two readers answered" not in page and "Reader 1" not in page
    people["reader-2"].answer(second, criterion="cse")
    third = people["judge"].take("adjudicator")
    page = people["judge"].get(f"/case/{third}").text
    assert "What two readers answered" in page and "reader-1" not in page and "reader-2" not in page
    refused = people["judge"].answer(third)
    assert refused.status_code == 422 and "Give a reason" in refused.text
    people["judge"].answer(third, reason="The household decides it.")
    history = people["auditor"].get("/history/1").text
    assert "settled" in history and "judge" in history and CANARY not in history
    by_role = {
        row["role"]: row for row in rows(home, tables.readings) if row["crime_reference"] == "46/000001/24"
    }
    assert [by_role[role]["criterion"] for role in ("first", "second", "adjudicator")] == [
        "familial",
        "cse",
        "familial",
    ]
    assert by_role["first"]["decided_by"] == "summary;suspects"
    desk = Desk(home)
    assert desk.verify_chain() == []
    desk.close()


@pytest.mark.parametrize(
    ("username", "forbidden"),
    [
        ("reader-1", ["/progress", "/agreement", "/disagreements", "/history/1", "/views", "/people"]),
        ("judge", ["/progress", "/agreement", "/disagreements", "/history/1", "/views", "/people"]),
        ("lead", ["/case/1", "/views"]),
        ("auditor", ["/case/1", "/people"]),
    ],
)
def test_a_role_reaches_its_pages_and_no_other(people, username, forbidden):
    everything = {
        "/codebook",
        "/people",
        "/progress",
        "/agreement",
        "/disagreements",
        "/history/1",
        "/views",
        "/case/1",
    }
    for path in some(forbidden):
        assert people[username].get(path).status_code == 403, path
    for path in some(everything - set(forbidden) - {"/case/1"}):
        assert people[username].get(path).status_code == 200, path


def test_who_does_not_read_takes_no_case_and_breaks_for_nobody(home, people):
    for username in ("lead", "auditor"):
        assert people[username].post("/next", {"role": "reader"}, seen_on="/codebook").status_code == 403
        assert people[username].post("/pause", {"on": "yes"}, seen_on="/codebook").status_code == 403
    assert people["reader-1"].post("/next", {"role": "adjudicator"}).status_code == 403
    assert people["judge"].post("/next", {"role": "reader"}).status_code == 403
    assert rows(home, tables.pauses) == []


def test_a_case_is_shown_and_answered_by_its_holder_alone(home, people):
    slot = people["reader-1"].take()
    other = people["reader-2"].get(f"/case/{slot}")
    assert other.status_code == 409 and CANARY not in other.text
    assert people["reader-2"].answer(slot).status_code == 409
    assert rows(home, tables.readings) == []


def test_every_page_wants_a_sign_in(room):
    nobody = Person(room)
    for path in ("/", "/case/1", "/progress", "/views", "/codebook", "/password"):
        answer = nobody.get(path, allow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in"), path
    assert nobody.get("/elsewhere").status_code == 404


@pytest.mark.parametrize("path", ["/next", "/pause", "/sign-out", "/case/1", "/password", "/stay"])
def test_a_form_without_the_rooms_token_does_nothing(home, people, path):
    before = rows(home, tables.readings), rows(home, tables.pauses), len(rows(home, tables.users))
    for token in ({}, {"token": ""}, {"token": "made up"}, {"token": "é"}):
        answer = people["reader-1"].session.post(
            people["reader-1"].address + path, {**ANSWER, "on": "yes", "role": "reader", **token}, timeout=30
        )
        assert answer.status_code == 403 and "out of date" in answer.text
    assert (rows(home, tables.readings), rows(home, tables.pauses), len(rows(home, tables.users))) == before
    assert people["reader-1"].get("/").status_code == 200


def test_the_token_before_a_sign_in_is_not_the_one_after_it(room):
    person = Person(room)

    def token():
        return re.search(r'name="token" value="([^"]+)"', person.get("/sign-in").text)[1]

    before = token()
    person.come_in("reader-1")
    assert token() != before


def test_every_answer_has_the_headers_and_the_cookie_is_shut(room):
    for path in ("/sign-in", "/static/keys.js", "/static/page.css", "/elsewhere"):
        headers = requests.get(room + path, timeout=30).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["cache-control"] == "no-store"
        assert headers["x-frame-options"] == "DENY"
        assert headers["x-content-type-options"] == "nosniff"
        assert "server" not in headers
    cookie = requests.get(room + "/sign-in", timeout=30).headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=strict" in cookie and "max-age=1800" in cookie


def test_behind_tls_the_cookie_and_the_host_say_so(home):
    furnish(home)
    with served(home, https=True) as address:
        headers = requests.get(address + "/sign-in", timeout=30).headers
    assert "secure" in headers["set-cookie"].lower() and "max-age" in headers["strict-transport-security"]
    assert headers["set-cookie"].startswith("__Host-reading_room=")


def test_another_hosts_name_is_not_answered(room):
    assert requests.get(room + "/sign-in", headers={"host": "evil.example"}, timeout=30).status_code == 400


def test_no_page_has_a_script_or_a_style_of_its_own(people):
    slot = people["reader-1"].take()
    for path in ("/", f"/case/{slot}", "/codebook", "/password"):
        page = people["reader-1"].get(path).text
        assert not re.search(r"<style|<script(?![^>]*src=)|\son\w+=|style=", page), path


def test_a_changed_cookie_is_nobodys(people):
    reader = people["reader-1"]
    kept = reader.session.cookies["reading_room"]
    reader.session.cookies.clear()
    reader.session.cookies.set("reading_room", kept[:-2] + ("AA" if kept[-2:] != "AA" else "BB"))
    assert reader.get("/", allow_redirects=False).status_code == 303


def test_signing_out_ends_the_session_for_a_copied_cookie_too(people):
    reader = people["reader-1"]
    copied = reader.session.cookies["reading_room"]
    reader.post("/sign-out")
    reader.session.cookies.clear()
    reader.session.cookies.set("reading_room", copied)
    assert reader.get("/", allow_redirects=False).status_code == 303


def test_a_session_ends_half_an_hour_after_its_last_page(home, monkeypatch):
    furnish(home)
    clock = [1_700_000_000]
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda _: clock[0])
    with served(home) as address:
        person = Person(address)
        person.come_in("reader-1")
        kept = person.session.cookies["reading_room"]
        for seconds, status in ((0, 200), (30 * 60, 200), (1, 303)):
            clock[0] += seconds
            person.session.cookies.clear()
            person.session.cookies.set("reading_room", kept)
            assert person.get("/", allow_redirects=False).status_code == status


def test_a_view_is_written_down_for_each_case_shown_and_none_refused(home, people):
    slot = people["reader-1"].take()
    people["reader-1"].get(f"/case/{slot}")
    people["reader-2"].get(f"/case/{slot}")
    people["auditor"].get("/history/1")
    views = [
        (row["who"], row["door"], row["action"], row["what"], json.loads(row["concerns"]))
        for row in rows(home, tables.log_entries)
        if row["action"] == "consultation"
    ]
    # following the redirect of `take` was the first
    seen = ("reader-1", "room", "consultation", "case shown: reader", {"slot": slot, "sign_in": 1})
    history = ("auditor", "room", "consultation", "case shown: history", {"item": 1, "sign_in": 8})
    assert views == [seen, seen, history]
    page = people["auditor"].get("/views").text
    assert page.count("<td>reader-1</td>") == 2 and page.count('href="/history/1"') == 3
    assert "Chain intact" in people["auditor"].get("/views?chain").text
    assert "reader-1</td>" not in people["auditor"].get("/views?username=auditor").text


def test_a_list_of_crimes_that_is_shown_is_written_down(home, people):
    slot = people["reader-1"].take()
    people["reader-1"].answer(slot)
    people["reader-1"].get("/own-readings")
    people["lead"].get("/disagreements")  # there are none: nothing is shown
    lists = [
        (row["who"], row["what"]) for row in rows(home, tables.log_entries) if row["what"].endswith(" shown")
    ]
    assert lists == [("reader-1", "own readings shown")]


def test_who_helps_somebody_is_in_the_log_by_the_room(people, home):
    people["lead"].post("/people", {"username": "reader-1", "do": "open"})
    entry = rows(home, tables.log_entries)[-1]
    assert (entry["who"], entry["door"], entry["what"]) == ("lead", "room", "user of the room changed")
    assert json.loads(entry["concerns"])["username"] == "reader-1"


def test_a_room_whose_key_was_changed_refuses_until_it_is_started_again(home, monkeypatch):
    """A session that was made with the old key, by whoever has it, is worth nothing."""
    monkeypatch.delenv("CPAI_TOKEN_KEY", raising=False)
    keys.token_key(home)
    furnish(home)
    with served(home) as address:
        reader = Person(address)
        reader.come_in("reader-1")
        assert reader.get("/").status_code == 200
        keys.rotate(home, timedelta(days=1))
        open_ledger(home).dispose()
        refused = reader.get("/")
        assert refused.status_code == 503 and "Its key was changed" in refused.text
        assert Person(address).get("/sign-in").status_code == 503
    with served(home) as address:
        again = Person(address)
        again.session.cookies.update(reader.session.cookies)
        assert again.get("/", allow_redirects=False).headers["location"] == "/sign-in"
        again.come_in("reader-1")
        assert again.get("/").status_code == 200


def test_what_is_wrong_with_an_answer_is_said_and_what_was_right_stays(home, people):
    slot = people["reader-1"].take()
    refused = people["reader-1"].answer(
        slot, group_based="", offenders_read="two", criterion="gang", reason="<b>kept</b>"
    )
    assert refused.status_code == 422
    assert 'href="#group_based"' in refused.text and 'href="#offenders_read"' in refused.text
    assert "&lt;b&gt;kept&lt;/b&gt;" in refused.text
    assert 'value="no" data-key="n" checked' not in refused.text.split("network_definition")[0]
    assert rows(home, tables.readings) == []
    # of a case that is no group no criterion is kept, even where a form without the script sends one
    people["reader-1"].answer(slot, group_based="no", offenders_read="1", criterion="cse", runner_up="other")
    (reading,) = rows(home, tables.readings)
    assert (reading["group_based"], reading["criterion"], reading["runner_up"]) == ("no", "", "")


def test_a_contradiction_is_asked_about_kept_only_when_said_so_and_counted(home, people):
    reader = people["reader-1"]
    slot = reader.take()
    contradiction = {"group_based": "no", "offenders_read": "5", "criterion": ""}
    asked = reader.answer(slot, **contradiction)
    assert asked.status_code == 422 and "Enter keeps it" in asked.text
    assert "yet two or more offenders" in asked.text and rows(home, tables.readings) == []
    # kept against another rule is not kept against this one
    assert reader.answer(slot, **contradiction, keeps=["CB12"]).status_code == 422
    assert reader.answer(slot, **contradiction, keeps=["CB11"]).status_code == 200
    (reading,) = rows(home, tables.readings)
    assert (reading["checks"], reading["network_definition"]) == ("CB11", "no")
    # a correction is asked about as well, and one that corrects it is not
    again = reader.post("/own-readings/1", {**ANSWER, "offenders_read": "1", "reason": "R1"})
    assert again.status_code == 422 and "yet one offender" in again.text
    reader.post("/own-readings/1", {**ANSWER, "reason": "R1"})
    assert [row["checks"] for row in rows(home, tables.readings)] == ["CB11", None]
    page = people["lead"].get("/agreement").text
    assert re.search(r">none</th><td>[^<]*</td><td class=\"number\">1</td>", page)
    assert "CB11: Not group-based, yet" in people["lead"].get("/history/1").text


def test_after_no_what_follows_need_not_be_said(home, people):
    reader = people["reader-1"]
    slot = reader.take()
    said = {"token": re.search(r'name="token" value="([^"]+)"', reader.get("/").text)[1]}
    said |= {"group_based": "no", "confidence": "high", "then": "stop"}
    assert reader.session.post(f"{reader.address}/case/{slot}", said, timeout=30).status_code == 200
    (reading,) = rows(home, tables.readings)
    assert (reading["network_definition"], reading["committed_by_children"]) == ("no", "not_collected")
    slot = reader.take()
    refused = reader.answer(slot, group_based="no", network_definition="yes", criterion="")
    assert refused.status_code == 422 and "where a crime is not group-based, answer no" in refused.text


def test_a_pause_is_offered_after_so_many_in_a_row_and_taken_by_who_wants_it(home, monkeypatch):
    furnish(home, 5)
    policy = replace(read_policy(), pause_after=2)
    monkeypatch.setattr(desk_of_the_room, "read_policy", lambda: policy)
    with served(home) as address:
        reader = Person(address)
        reader.come_in("reader-1")
        seen = [reader.answer(reader.take(), then="next").url.removeprefix(address)]
        seen.append(reader.answer(reader.take(), then="next").url.removeprefix(address))
        assert seen[0].startswith("/case/") and seen[1] == "/rest/reader"
        page = reader.get("/rest/reader").text
        assert "2 cases in a row" in page and "116 123" in page
        assert reader.get("/rest/reader").url.endswith("/rest/reader")
        # who reads on is asked again after as many
        assert reader.answer(reader.take(), then="next").url.startswith(f"{address}/case/")
        assert reader.get("/rest/reader").url == f"{address}/"


def test_progress_counts_readings_and_sorts(home, people):
    people["reader-1"].answer(people["reader-1"].take(), then="stop")
    page = people["lead"].get("/progress").text
    # of three cases one was read by a new reader: two first readings and a second are due
    assert "1 of 4 readings are done: 3 left" in page and "At 7 a week" in page

    def order(query):
        table = people["lead"].get(f"/progress?{query}").text.partition('id="force"')[2]
        return re.findall(r'<th scope="row">([^<]+)</th>', table)

    assert order("by=name") == order("") == ["Kent Police", "Surrey Police"]
    assert order("by=items") == ["Surrey Police", "Kent Police"]
    assert order("by=items&down") == order("by=synthetic") == ["Kent Police", "Surrey Police"]


def test_agreement_is_not_shown_for_what_was_not_collected(home):
    furnish(home, 1, quarter="2023-Q1")
    with served(home) as address:
        for username in ("reader-1", "reader-2"):
            reader = Person(address)
            reader.come_in(username)
            reader.answer(reader.take(), committed_by_children="")
        lead = Person(address)
        lead.come_in("lead")
        page = lead.get("/agreement").text
    row = re.search(r'<th scope="row">2023-Q1</th>(.*?)</tr>', page, re.DOTALL)[1]
    assert row.count("100.0%") == 3 and "not collected" in row


def test_a_reader_corrects_their_own_answer_with_a_reason(home, people):
    reader = people["reader-1"]
    slot = reader.take()
    linked = reader.get(f"/case/{slot}").text
    assert "Crimes linked with it" in linked and "42/000007/23" in linked
    reader.answer(slot)
    assert 'href="/own-readings/1"' in reader.get("/own-readings").text
    page = reader.get("/own-readings/1").text
    assert CANARY in page and re.search(r'value="familial" data-key="f"[^>]* checked', page)
    for other in ("reader-2", "judge"):
        refused = people[other].get("/own-readings/1")
        assert refused.status_code == 409 and CANARY not in refused.text
        assert people[other].post("/own-readings/1", {**ANSWER, "reason": "mine"}).status_code == 409
    assert people["lead"].get("/own-readings/1").status_code == 403
    without = reader.post("/own-readings/1", {**ANSWER, "criterion": "cse"})
    assert without.status_code == 422 and "Why do you correct it? Give a reason." in without.text
    corrected = reader.post(
        "/own-readings/1", {**ANSWER, "criterion": "cse", "reason": "An exchange was overlooked."}
    )
    assert corrected.status_code == 200 and 'href="/own-readings/2"' in corrected.text
    assert reader.get("/own-readings/1").status_code == 409, "the later one is corrected, not the first again"
    first, second = rows(home, tables.readings)
    assert (second["corrects"], second["criterion"], second["slot"]) == (1, "cse", first["slot"])
    pages = [row["what"] for row in rows(home, tables.log_entries) if row["who"] == "reader-1"]
    assert pages.count("case shown: correction") == 2


def test_the_lead_sees_agreement_beyond_chance(home, people, monkeypatch):
    monkeypatch.setattr(pairs, "measured", lambda _: [MEASURED])
    page = people["lead"].get("/agreement").text
    assert "0.71 (0.50 to 0.90)" in page and "tentative" in page


def test_a_break_gives_the_case_back(people):
    slot = people["reader-1"].take()
    page = people["reader-1"].post("/pause", {"on": "yes"}).text
    assert "You are on a break" in page
    assert people["reader-1"].answer(slot).status_code == 409
    assert people["reader-1"].post("/next", {"role": "reader"}).status_code == 409
    assert people["reader-2"].take() == slot
    assert "Start reading" in people["reader-1"].post("/pause", {"on": "no"}).text


def test_after_a_restart_the_reader_goes_on_with_the_case(home):
    furnish(home)
    with served(home) as address:
        person = Person(address)
        person.come_in("reader-1")
        slot = person.take()
    with served(home) as address:
        person.address = address
        assert CANARY in person.get(f"/case/{slot}").text
        assert person.take() == slot
        assert person.answer(slot).status_code == 200
    assert len(rows(home, tables.readings)) == 1


def test_a_reader_changes_the_password(people, room):
    reader = people["reader-1"]
    wrong = reader.post("/password", {"current": "not this one", "new": "another lamp altogether"})
    assert wrong.status_code == 422 and "is wrong" in wrong.text
    short = reader.post("/password", {"current": PASSWORD, "new": "short"})
    assert short.status_code == 422 and "12 to 200" in short.text
    reader.post("/password", {"current": PASSWORD, "new": "another lamp altogether"})
    assert reader.get("/", allow_redirects=False).status_code == 303
    assert Person(room).come_in("reader-1").status_code == 403
    assert Person(room).come_in("reader-1", "another lamp altogether").status_code == 200


def test_an_error_inside_says_nothing_of_the_case(people, monkeypatch, caplog):
    def broken(*_):
        raise KeyError(CANARY)

    slot = people["reader-1"].take()
    monkeypatch.setattr(app.Desk, "case", broken)
    with caplog.at_level(logging.DEBUG):
        answer = people["reader-1"].get(f"/case/{slot}")
    assert answer.status_code == 500 and CANARY not in answer.text
    assert CANARY not in caplog.text and "KeyError at /case/" in caplog.text


def test_a_form_that_is_too_long_is_not_read(people):
    reader = people["reader-1"]
    answer = reader.session.post(reader.address + "/pause", {"on": "x" * 70_000}, timeout=30)
    assert answer.status_code == 413


class TestSingleSignOn:
    HEADER = "x-signed-in-as"

    @pytest.fixture
    def behind(self, home, tmp_path):
        """Somebody behind the proxy of a room."""
        furnish(home)
        path = tmp_path / "room.sock"
        with served(home, socket=path, single_sign_on=self.HEADER) as address:

            def person():
                new = Person(address)
                new.session.mount(address, OverSocket(path))
                return new

            yield person

    def test_the_proxys_word_is_taken_and_no_password_asked(self, behind):
        person = behind()
        person.session.headers[self.HEADER] = "reader-1"
        assert "reader-1" in person.get("/").text and person.take()
        assert "Sign out" not in person.get("/").text

    def test_without_the_header_or_with_a_strangers_name_nobody_comes_in(self, behind):
        assert behind().get("/").status_code == 403
        stranger = behind()
        stranger.session.headers[self.HEADER] = "stranger"
        assert stranger.get("/").status_code == 403

    def test_a_password_opens_nothing_here(self, behind):
        person = behind()
        person.come_in("reader-1")
        assert person.get("/").status_code == 403

    def test_a_session_follows_the_proxy_to_another_person(self, behind):
        person = behind()
        person.session.headers[self.HEADER] = "reader-1"
        person.get("/")
        person.session.headers[self.HEADER] = "lead"
        page = person.get("/").text
        assert "Progress" in page and "<span>lead</span>" in page

    def test_the_second_factor_is_the_identity_providers(self, behind):
        lead = behind()
        lead.session.headers[self.HEADER] = "lead"
        assert lead.get("/progress").status_code == 200 and "Second factor" not in lead.get("/progress").text

    def test_by_a_port_the_header_is_nothing(self, home):
        furnish(home)
        with pytest.raises(ValueError, match="Unix socket"):
            app.application(home, single_sign_on=self.HEADER)
        # and where a room that is meant for a socket is served on a port all the same
        with served(home, behind_socket=True, single_sign_on=self.HEADER) as address:
            person = Person(address)
            person.session.headers.update({self.HEADER: "reader-1", "x-forwarded-for": "203.0.113.7"})
            assert person.get("/").status_code == 403

    def test_the_address_is_the_one_that_the_proxy_added(self, home, tmp_path):
        """What a client writes itself stands before it, and moves no guess to another address."""
        furnish(home)
        path = tmp_path / "room.sock"
        with served(home, socket=path) as address:
            person = Person(address)
            person.session.mount(address, OverSocket(path))
            for forwarded in ("10.9.9.9, 203.0.113.7", "10.8.8.8,203.0.113.7", "not an address"):
                person.session.headers["x-forwarded-for"] = forwarded
                person.come_in("reader-1", "not this one")
        addresses = [row["address"] for row in rows(home, tables.sign_ins)]
        assert addresses == ["203.0.113.7", "203.0.113.7", "not known"]

    def test_on_a_port_no_header_moves_the_address(self, home, room):
        person = Person(room)
        person.session.headers.update({"x-forwarded-for": "203.0.113.7", "forwarded": "for=203.0.113.7"})
        person.come_in("reader-1")
        assert [row["address"] for row in rows(home, tables.sign_ins)] == ["127.0.0.1"]

    def test_the_socket_is_its_owners_and_its_groups(self, home, tmp_path):
        furnish(home)
        path = tmp_path / "room.sock"
        for _ in range(2):  # the second finds what a killed room left
            before = os.umask(0)
            try:
                with served(home, socket=path):
                    assert path.stat().st_mode & 0o777 == 0o660
                    with pytest.raises(NotThere, match="in use"):
                        _listen_at(path)
            finally:
                os.umask(before)
        assert path.is_socket()

    def test_off_unless_configured(self, room):
        person = Person(room)
        person.session.headers.update({self.HEADER: "reader-1", "x-remote-user": "reader-1"})
        assert person.get("/", allow_redirects=False).headers["location"] == "/sign-in"
