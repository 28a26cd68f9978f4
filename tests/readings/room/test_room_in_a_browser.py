"""What readers see and do, in a real browser: by keys alone, without the script, at each width, and asked by axe-core."""

import shutil
from dataclasses import replace

import pytest
from axe_playwright_python.sync_playwright import Axe
from small_room import APPS, CANARY, PASSWORD, PEOPLE, code, furnish, served
from some import some

from orchestration.readings import desk
from orchestration.readings.policy import read_policy

pytestmark = pytest.mark.proof
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    assert CHROMIUM, (
        "no Chromium on this machine: install Debian's package chromium, then run the proof again"
    )
    with sync_playwright() as started:
        chromium = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def come_in(browser):
    """A tab of a browser of one's own, signed in; what the page complained of is in its `complaints`."""
    opened = []

    def arrive(address, username, **context):
        opened.append(browser.new_context(viewport={"width": 1280, "height": 900}, **context))
        tab = opened[-1].new_page()
        tab.complaints = []
        tab.on("pageerror", lambda problem: tab.complaints.append(str(problem)))
        tab.on("console", lambda said: said.type == "error" and tab.complaints.append(said.text))
        tab.goto(address + "/sign-in")
        tab.get_by_label("Username").fill(username)
        tab.get_by_label("Password").fill(PASSWORD)
        tab.get_by_label("Code").fill(code(username))
        tab.get_by_role("button", name="Sign in").click()
        tab.wait_for_url(lambda url: "sign-in" not in url)
        if tab.url.endswith("/second-factor"):
            APPS[username] = [tab.locator("#key").inner_text().replace(" ", ""), 0]
            tab.get_by_label("The code that the app shows now").fill(code(username))
            tab.get_by_role("button", name="Set it up").click()
            tab.get_by_role("link", name="To the start").click()
        return tab

    yield arrive
    for context in opened:
        context.close()


def start(tab, name="Start reading"):
    tab.get_by_role("button", name=name).click()
    tab.wait_for_url("**/case/*")


def keys(tab, text):
    """Press keys, a `\\n` is Enter, and wait for the page that comes after the last; how many they were."""
    before = tab.url
    for key in text:
        tab.keyboard.press("Enter" if key == "\n" else key)
    tab.wait_for_url(lambda url: url != before)
    return len(text)


def test_read_disagree_and_adjudicate_by_keys(home, come_in):
    furnish(home, 1)
    with served(home) as address:
        first = come_in(address, "reader-1")
        start(first)
        assert CANARY in first.content()
        assert keys(first, "yn2\nfnnh\n") < 10
        second = come_in(address, "reader-2")
        start(second)
        assert "Reader 1" not in second.content()
        assert keys(second, "yy2\ncnnm\n") < 10
        judge = come_in(address, "judge")
        start(judge, "Start adjudicating")
        table = judge.get_by_role("table", name="Both answers")
        assert table.get_by_role(
            "row", name="Criterion Familial Child sexual exploitation differs"
        ).is_visible()
        for key in "yy2\ncnnh":
            judge.keyboard.press("Enter" if key == "\n" else key)
        judge.get_by_label("Why do you settle it so?").fill("An exchange is stated.")
        judge.get_by_role("button", name="Save and stop").click()
        judge.wait_for_url(address + "/")
        lead = come_in(address, "lead")
        assert lead.get_by_role("row", name="2024-Q1 1 1 0 0 0 0").is_visible()
        assert not [tab.complaints for tab in (first, second, judge, lead) if tab.complaints]


def test_a_reader_corrects_an_answer_by_keys_and_says_why(home, come_in):
    furnish(home, 1)
    with served(home) as address:
        tab = come_in(address, "reader-1")
        start(tab)
        keys(tab, "yn2\nfnnh\n")
        tab.get_by_role("link", name="My answers").click()
        tab.get_by_role("link", name="Correct crime").click()
        familial = tab.get_by_role("group", name="Which criterion?").get_by_role("radio", name="Familial")
        assert familial.is_checked()
        familial.focus()
        tab.keyboard.press("c")
        tab.get_by_label("Why do you correct it?").fill("An exchange was overlooked.")
        tab.get_by_role("button", name="Save the correction").click()
        tab.wait_for_url(address + "/own-readings")
        tab.get_by_role("row", name="Child sexual exploitation").wait_for()
        assert not tab.complaints


def shown_questions(tab):
    return tab.locator(".step legend:visible").all_inner_texts()


def test_a_case_that_is_no_group_is_asked_no_more_than_needed(home, come_in):
    furnish(home, 3)
    with served(home) as address:
        tab = come_in(address, "reader-1")
        start(tab)
        tab.keyboard.press("n")
        assert shown_questions(tab) == ["How many offenders do you read?"]
        assert "2 of 3" in tab.locator("#step-of").inner_text()
        tab.keyboard.press("Backspace")
        assert shown_questions(tab) == ["Is it group-based?"]
        tab.keyboard.press("y")
        assert "2 of 8" in tab.locator("#step-of").inner_text()
        tab.keyboard.press("Backspace")
        assert keys(tab, "n1\nh\n") == 5
        # the number may be passed by: the letter of the next answer does it
        assert keys(tab, "nh\n") == 3
        assert not tab.complaints


def test_a_contradiction_is_asked_about_and_enter_keeps_it(home, come_in):
    furnish(home, 2)
    with served(home) as address:
        tab = come_in(address, "reader-1")
        start(tab)
        for key in ("n", "5", "Enter", "h", "Enter"):
            tab.keyboard.press(key)
        check = tab.get_by_role("alert").filter(has_text="Before this is saved")
        check.wait_for()
        held = tab.url
        assert "yet two or more offenders" in check.inner_text() and tab.title().startswith("Check:")
        # the sentence leads to its question, where it can be corrected
        check.get_by_role("link", name="yet two or more").click()
        assert tab.evaluate("document.activeElement.name") == "offenders_read"
        tab.get_by_role("button", name="Keep it and go on").focus()
        tab.keyboard.press("Enter")
        tab.wait_for_url(lambda url: url != held)
        for key in ("y", "n", "1", "Enter", "f", "n", "n", "h", "Enter"):
            tab.keyboard.press(key)
        check.wait_for()
        # nothing but Enter is needed
        keys(tab, "\n")
        assert tab.url == address + "/" and "Read today: 2" in tab.content()


@pytest.mark.parametrize("width", [1280, 1600])
def test_the_record_stays_in_sight_while_one_question_after_the_other_is_asked(home, come_in, width):
    furnish(home, 1)
    with served(home) as address:
        tab = come_in(address, "reader-1")
        tab.set_viewport_size({"width": width, "height": 900})
        start(tab)
        for key in some("yn2"):
            (question,) = shown_questions(tab)
            summary = tab.locator(".record .summary").first.bounding_box()
            legend = tab.locator("legend", has_text=question).bounding_box()
            part = tab.locator(".step.here .part p").first.bounding_box()
            assert summary["y"] >= 0 and summary["y"] + summary["height"] < 900, "the record is in sight"
            assert summary["x"] + summary["width"] < legend["x"], "left of the question"
            assert legend["x"] + 100 < part["x"] < width, "the codebook's part right of it"
            save = tab.get_by_role("button", name="Save and go on").bounding_box()
            assert save["y"] + save["height"] <= 900
            tab.keyboard.press(key)
        assert tab.get_by_text("The record may describe the rape of a girl under 13.").is_visible()
        assert tab.get_by_text("Canterbury (E07000106)").is_visible()


def test_at_400_the_case_comes_first_and_the_codebook_is_folded(home, come_in):
    furnish(home, 1)
    with served(home) as address:
        tab = come_in(address, "reader-1")
        tab.set_viewport_size({"width": 400, "height": 800})
        start(tab)
        record, question = (tab.locator(name).bounding_box() for name in (".record", ".step.here"))
        assert record["y"] + record["height"] <= question["y"]
        assert not tab.get_by_text("Working rule").is_visible()
        tab.locator(".step.here .part summary").click()
        assert tab.get_by_text("Working rule").is_visible()
        # by touch: no letter is pressed
        tab.get_by_role("radio", name="No", exact=True).check()
        tab.get_by_role("button", name="Next question").click()
        assert shown_questions(tab) == ["How many offenders do you read?"]
        assert tab.evaluate("document.body.scrollWidth - document.documentElement.clientWidth") <= 1


def test_a_pause_is_offered_with_whom_to_turn_to(home, come_in, monkeypatch):
    policy = replace(read_policy(), pause_after=2)
    monkeypatch.setattr(desk, "read_policy", lambda: policy)
    furnish(home, 3)
    with served(home) as address:
        tab = come_in(address, "reader-1")
        start(tab)
        keys(tab, "n1\nh\n")
        keys(tab, "n1\nh\n")
        assert tab.url == address + "/rest/reader"
        assert tab.get_by_text("Samaritans").is_visible()
        for width in (400, 1280):
            tab.set_viewport_size({"width": width, "height": 900})
            assert Axe().run(tab).response["violations"] == []
        tab.get_by_role("button", name="Read on").click()
        tab.wait_for_url("**/case/*")


def test_keys_can_be_turned_off_and_stay_off(home, come_in):
    furnish(home, 2)
    with served(home) as address:
        tab = come_in(address, "reader-1")
        start(tab)
        tab.get_by_label("Answer by keys").uncheck()
        tab.keyboard.press("y")
        assert tab.locator(":checked").count() == 0
        tab.reload()
        assert not tab.get_by_label("Answer by keys").is_checked()
        tab.get_by_label("Answer by keys").check()
        tab.get_by_label("Anything to note").press_sequentially("why not")
        assert tab.locator("input[type=radio]:checked").count() == 0


def test_it_works_without_the_script_by_tab_and_space(home, come_in):
    furnish(home, 1)
    with served(home) as address:
        tab = come_in(address, "reader-1", java_script_enabled=False)
        start(tab)
        assert tab.get_by_label("Answer by keys").is_hidden()
        for name, answer in (
            ("Is it group-based?", "No"),
            ("Is it a group by the inquiry's definition?", "No"),
            ("Was it committed by children?", "No"),
            ("Is there a facilitator?", "No"),
            ("How sure are you?", "High"),
        ):
            choice = tab.get_by_role("group", name=name).get_by_role("radio", name=answer, exact=True)
            choice.focus()
            tab.keyboard.press("Space")
            assert choice.is_checked()
        tab.get_by_role("button", name="Save and stop").focus()
        tab.keyboard.press("Enter")
        tab.wait_for_url(address + "/")
        assert "Read today: 1" in tab.content()


def test_what_is_wrong_comes_first_and_leads_to_its_field(home, come_in):
    furnish(home, 1)
    with served(home) as address:
        tab = come_in(address, "reader-1")
        start(tab)
        tab.get_by_role("button", name="Save and stop").click()
        wrong = tab.get_by_role("alert").filter(has_text="There is a problem")
        wrong.wait_for()
        assert tab.title().startswith("Error:")
        wrong.get_by_role("link", name="How sure are you?").click()
        assert tab.evaluate("document.activeElement.name") == "confidence"


def test_after_a_restart_the_reader_goes_on(home, come_in):
    furnish(home, 2)
    with served(home) as address:
        tab = come_in(address, "reader-1")
        start(tab)
        held = tab.url
        port = int(address.rsplit(":", 1)[1])
    with served(home, port=port):
        tab.goto(address + "/")
        tab.get_by_role("button", name="Go on with it").click()
        tab.wait_for_url(held)
        keys(tab, "yn2\nfnnh\n")


def test_the_notice_before_a_session_ends_lets_one_stay(home, come_in):
    furnish(home, 1)
    with served(home) as address:
        tab = come_in(address, "reader-1")
        tab.clock.install()
        tab.goto(address + "/")
        notice = tab.locator("#ending")
        assert notice.is_hidden()
        tab.clock.fast_forward("28:01")
        notice.get_by_role("button", name="Stay signed in").click()
        notice.wait_for(state="hidden")
        assert tab.url == address + "/"


def test_a_role_finds_no_way_to_what_it_may_not(home, come_in):
    furnish(home, 1)
    with served(home) as address:
        tabs = {username: come_in(address, username) for username in PEOPLE}
        for username, names in {
            "reader-1": ["My reading", "My answers", "Codebook"],
            "judge": ["My reading", "My answers", "Codebook"],
            "lead": ["Codebook", "Progress", "Disagreements", "Agreement", "People"],
            "auditor": ["Codebook", "Progress", "Disagreements", "Agreement", "Views"],
        }.items():
            menu = tabs[username].get_by_role("navigation").get_by_role("link")
            assert menu.all_inner_texts() == names
        for username, path in (
            ("reader-1", "/views"),
            ("lead", "/views"),
            ("lead", "/case/1"),
            ("judge", "/history/1"),
        ):
            assert tabs[username].goto(address + path).status == 403
            assert CANARY not in tabs[username].content()


def test_axe_finds_nothing_and_no_page_is_wider_than_its_window(home, come_in):
    furnish(home, 2)
    found = {}
    with served(home) as address:
        reader, judge, auditor, lead = (
            come_in(address, name) for name in ("reader-1", "judge", "auditor", "lead")
        )

        def look(tab, name):
            for width in (360, 400, 1280):
                tab.set_viewport_size({"width": width, "height": 900})
                problems = [
                    f"{one['id']}: {one['nodes'][0]['html'][:120]}"
                    for one in Axe().run(tab).response["violations"]
                ]
                if tab.evaluate("document.body.scrollWidth - document.documentElement.clientWidth") > 1:
                    problems.append("wider than its window")
                if problems:
                    found[f"{name} at {width}"] = problems

        look(reader, "queue")
        start(reader)
        look(reader, "case")
        reader.get_by_role("button", name="Save and stop").click()
        reader.get_by_text("There is a problem").wait_for()
        look(reader, "case with errors")
        for key in ("n", "5", "Enter", "h", "Enter"):
            reader.keyboard.press(key)
        reader.get_by_text("Before this is saved").wait_for()
        look(reader, "check")
        reader.get_by_role("radio", name="Yes").first.check()
        reader.get_by_label("How many offenders do you read?").fill("2")
        for name, answer in (
            ("Is it a group by the inquiry's definition?", "No"),
            ("Which criterion?", "Familial"),
            ("Was it committed by children?", "No"),
            ("Is there a facilitator?", "No"),
        ):
            group = reader.get_by_role("group", name=name)
            group.get_by_role("radio", name=answer, exact=True).check()
        before = reader.url
        reader.get_by_role("button", name="Save and go on").click()
        reader.wait_for_url(lambda url: url != before)
        other = come_in(address, "reader-2")
        start(other)
        keys(other, "yn2\ncnnh\n")
        judge.goto(address + "/")
        start(judge, "Start adjudicating")
        look(judge, "adjudication")
        reader.goto(address + "/")
        reader.get_by_role("button", name="Take a break").click()
        reader.get_by_role("button", name="End my break").wait_for()
        look(reader, "break")
        for tab, paths in (
            (reader, ["/own-readings", "/own-readings/1", "/codebook", "/password", "/views"]),
            (auditor, ["/progress", "/disagreements", "/agreement", "/history/1", "/views?chain"]),
            (reader, ["/second-factor"]),
            (lead, ["/people", "/second-factor"]),
        ):
            for path in paths:
                tab.goto(address + path)
                look(tab, path)
        reader.context.clear_cookies()
        reader.goto(address + "/sign-in")
        look(reader, "sign-in")
    assert not found
