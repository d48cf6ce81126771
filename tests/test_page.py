# SPDX-License-Identifier: MIT
"""The page in a real browser: what a person does with it, what a stranger's record does to it, how long it takes."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import browser
import pytest
from records import lines, write

from pytest_vfork.model import CALLS
from pytest_vfork.records.read import read_record
from pytest_vfork.reporters._page import render

pytestmark = pytest.mark.browser

NAME = "suspension/parent-waits-until-exec:clone3"
HOSTILE = (
    "<script>window.pwned=1</script>",
    "<img src=x onerror=window.pwned=1>",
    "</script><script>window.pwned=1</script>",
    "<!--<script>",
    '" onmouseover="window.pwned=1" \'`${window.pwned=1}',
    "javascript:window.pwned=1",
    "x" * 3000,
    "\u202eright to left\u2066 \u2028\u2029\0\x07",
    "é中文🙂 \ufffd",
)
Open = Callable[..., Any]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with browser.browser() as started:
        yield started


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pages")


def items(mode: str, outcomes: dict[str, str]) -> list[dict[str, Any]]:
    """A record of a case for each call and some more, of which those named have another outcome than pass."""
    header, about, facts, verdict, *_, end = lines()
    header |= {"mode": mode, "flags": f"--vfork-mode={mode}"}
    objects = [header, about]
    ids = {
        "suspension/parent-waits-until-exec": CALLS[:7], "signals/sigstop-waits-until-release": CALLS[:3],
        "memory/write-of-child-is-in-parent-after-its-exit": CALLS[:2], "python/runs-a-program-by-name": ("",),
    }  # fmt: skip
    for id, calls in ids.items():
        for call in calls:
            name = f"{id}:{call}" if call else id
            place = {"id": id, "call": call, "variant": ""}
            outcome = outcomes.get(name, "pass")
            told = {
                "outcome": outcome,
                "why": "a reason" if outcome == "xfail" else "",
                "link": "https://example.org/1",
            }
            if outcome == "fail":
                told |= {"expected": "referee.releases < parent.returned", "seen": "parent.returned came first"}
            objects.append({**facts, **place, "kind": "case" if call else "workload", "level": "suspends"})
            objects.append({**verdict, "expected": "", "seen": "", **place, **told})
            objects.append({"kind": "source", **place, "text": f"int main(void) {{ /* {name} */ }}\n"})
    return [*objects, end]


FORK = {f"suspension/parent-waits-until-exec:{call}": "fail" for call in CALLS[:7]}
EMULATE = {f"signals/sigstop-waits-until-release:{call}": "xfail" for call in CALLS[:3]}


@pytest.fixture
def open_page(chromium: Any, folder: Path, request: pytest.FixtureRequest) -> Iterator[Open]:
    """Open the page of some records; at the end nothing may have been said on the console, and nothing fetched."""
    contexts, said = [], []

    def open_page(*records: list[dict[str, Any]], fragment: str = "", **options: Any) -> Any:
        paths = [write(folder / f"{n}.jsonl", objects=objects) for n, objects in enumerate(records)]
        file = folder / f"{request.node.name[:60].replace('/', '-')}.html"
        file.write_text(render([read_record(path) for path in paths]), "utf-8")
        context = chromium.new_context(**{"viewport": {"width": 1440, "height": 900}, **options})
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda asked: said.append(asked.url) if not asked.url.startswith("file:") else None)
        page.set_default_timeout(90_000)  # others may use this machine too
        page.goto(file.as_uri() + fragment)
        page.wait_for_selector("html[data-drawn]")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert said == []


def look_for(page: Any, words: str) -> None:
    page.fill("#query", words)
    page.press("#query", "Enter")


def visible(page: Any) -> int:
    return int(page.locator("a.cell:not(.is-out):visible").count())


def test_the_head_tells_what_was_tested_and_the_level(open_page: Open) -> None:
    page = open_page(items("fork", FORK))
    assert page.locator("h1").inner_text() == "shim fork"
    assert page.title() == "shim fork: vfork conformance"
    assert "Linux 6.18" in page.locator("#top").inner_text()
    assert page.locator(".level").inner_text() == "None"
    assert "6 of 13 held, 7 failed" in page.locator(".ladder tr").nth(1).inner_text()
    assert page.locator(".chip").all_inner_texts() == ["pass\n6", "fail\n7"]


@pytest.mark.parametrize(
    ("words", "count"),
    [
        ("outcome:fail", 7), ("fail", 7), ("outcome:!fail", 6), ("!fail", 6), ("area:signals", 3),
        ("level:suspends", 13),
        ("level:linux", 0), ("call:clone3", 1), ("call:vfork,clone area:signals", 2), ("SIGSTOP", 3), ("fault:fork", 7),
        ('"parent waits"', 7), ("area:signals or area:memory", 5), ("(area:signals or area:memory) call:vfork", 2),
        ("not area:suspension", 6), ("is:workload", 1), ("id:write-of", 2), ("nothing-has-this", 0), ("", 13),
    ],
)  # fmt: skip
def test_words_filter(open_page: Open, words: str, count: int) -> None:
    page = open_page(items("fork", FORK))
    look_for(page, words)
    assert visible(page) == count
    assert page.locator("#empty").is_visible() is (count == 0)
    assert page.locator("#wrong").inner_text() == ""


@pytest.mark.parametrize("words", ["(", "a )", "colour:red", "is:purple", "count:1(", "seq()", "or", "!"])
def test_words_that_cannot_be_read_are_said_to_be(open_page: Open, words: str) -> None:
    page = open_page(items("fork", FORK))
    look_for(page, words)
    assert page.locator("#wrong").inner_text()
    assert page.locator("#query").get_attribute("aria-invalid") == "true"
    assert visible(page) == 13


@pytest.mark.parametrize(
    ("words", "count"),
    [
        ("is:different", 10), ("seq(pass fail)", 7), ("seq(fail pass)", 7), ("one(fail)", 7), ("one(xfail)", 3),
        ("A:pass B:fail", 7), ("B:fail C:pass", 7), ("all(pass)", 3), ("none(fail)", 6), ("count>1(!pass)", 0),
        ("count>=1(outcome:fail,xfail)", 10), ("is:worse", 3), ("shim-fork:fail", 7), ("exists(fail)", 7),
        ("two(pass) one(fail)", 7), ("none(missing)", 13),
    ],
)  # fmt: skip
def test_words_of_several_runs(open_page: Open, words: str, count: int) -> None:
    page = open_page(items("native", {}), items("fork", FORK), items("emulate", EMULATE))
    look_for(page, words)
    names = page.eval_on_selector_all(
        "a.cell:not(.is-out)", "cells => cells.filter(c => c.offsetParent).map(c => c.dataset.n)"
    )
    assert len(set(names)) == count


def test_several_runs_stand_side_by_side_differences_first(open_page: Open) -> None:
    page = open_page(items("native", {}), items("fork", FORK), items("emulate", EMULATE))
    assert page.locator(".run h2").all_inner_texts() == ["Ashim native", "Bshim fork", "Cshim emulate"]
    assert page.locator(".changes p").all_inner_texts() == [
        "A → B: 7 worse, 0 lost, 0 better, 0 gained, 6 same",
        "B → C: 3 worse, 0 lost, 7 better, 0 gained, 3 same",
    ]
    assert page.locator("section.area h2").first.inner_text() == "Differences"
    assert page.locator("a.cell").first.locator(".g").count() == 3


def test_chips_and_lists_write_words(open_page: Open) -> None:
    page = open_page(items("fork", FORK))
    page.click(".chip:has-text('fail')")
    assert page.input_value("#query") == "outcome:fail"
    assert page.locator(".chip:has-text('fail')").get_attribute("aria-pressed") == "true"
    page.select_option("select >> nth=0", "suspension")
    assert page.input_value("#query") == "outcome:fail area:suspension"
    assert visible(page) == 7
    page.click("text=Clear")
    assert (page.input_value("#query"), visible(page)) == ("", 13)
    page.select_option("select >> nth=2", "fork")
    assert page.input_value("#query") == "fault:fork"


def test_a_cell_opens_all_there_is_to_know(open_page: Open) -> None:
    page = open_page(items("fork", FORK))
    page.click(f"a.cell[href='#{NAME}']")
    detail = page.locator("#detail")
    assert page.locator("#detail-title").inner_text() == "Parent waits until exec"
    text = detail.inner_text()
    for said in (
        "it waits",
        "vfork(2)",
        "It does.",
        "It waits.",
        "referee.releases < parent.returned",
        "parent.returned came first",
    ):
        assert said in text
    assert page.locator("figure.seen svg .violation").count() == 1
    assert "the other way" not in text
    assert page.locator("figure.linux svg").count() == 1
    assert f"pytest --vfork-mode=fork --pyargs pytest_vfork.conformance -k '[{NAME}]'" in text
    page.wait_for_selector("pre[aria-label=source]")
    assert page.locator("pre[aria-label=source]").inner_text().startswith(f"int main(void) {{ /* {NAME}")
    page.click("summary:has-text('3 events')")
    assert page.locator(".events tbody tr").count() == 3
    assert page.evaluate("location.hash") == f"#{NAME}"


def test_the_violated_order_points_against_time(open_page: Open) -> None:
    page = open_page(items("fork", FORK), fragment=f"#{NAME}")
    path = page.locator("figure.seen svg .violation").get_attribute("d")
    numbers = [float(number) for number in path.replace("M", "").replace("C", " ").replace(",", " ").split()]
    assert numbers[1] > numbers[-1]  # it ends higher than it begins


def test_a_known_deviation_gives_reason_and_link(open_page: Open) -> None:
    page = open_page(items("emulate", EMULATE), fragment="#signals/sigstop-waits-until-release:vfork")
    text = page.locator("#detail").inner_text()
    assert "Known deviation" in text
    assert "a reason" in text
    assert page.locator("#detail a[href='https://example.org/1']").count() == 1


def test_the_keyboard_is_enough(open_page: Open) -> None:
    page = open_page(items("fork", FORK))
    page.focus("#query")
    page.keyboard.press("Escape")
    page.eval_on_selector("a.cell[tabindex='0']", "cell => cell.focus()")
    focused = "document.activeElement.getAttribute('href')"
    assert page.evaluate(focused) == "#suspension/parent-waits-until-exec:vfork"
    for key, name in (
        ("ArrowRight", "suspension/parent-waits-until-exec:libc-vfork"),
        ("ArrowDown", "signals/sigstop-waits-until-release:libc-vfork"),
        ("ArrowUp", "suspension/parent-waits-until-exec:libc-vfork"),
        ("End", "suspension/parent-waits-until-exec:posix_spawn"),
        ("Home", "suspension/parent-waits-until-exec:vfork"),
    ):
        page.keyboard.press(key)
        assert page.evaluate(focused) == f"#{name}"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "detail-title"
    page.keyboard.press("n")
    assert "libc-vfork" in page.locator("#detail").inner_text()
    page.keyboard.press("p")
    page.keyboard.press("Escape")
    assert page.locator("#detail").is_hidden()
    assert page.evaluate(focused) == "#suspension/parent-waits-until-exec:vfork"
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "query"


def test_a_cell_says_to_a_screen_reader_what_it_shows(open_page: Open) -> None:
    page = open_page(items("fork", FORK))
    assert page.get_by_role("link", name="Parent waits until exec, clone3: fail", exact=True).count() == 1
    assert page.get_by_role("grid").count() == 4
    look_for(page, "area:signals")
    assert page.locator("[role=status]").inner_text() == "3 of 13 items, 1 of 4 cases"


@pytest.mark.parametrize(
    "permissions", [["clipboard-read", "clipboard-write"], ["clipboard-read"]], ids=["clipboard", "old"]
)
def test_the_program_can_be_copied(open_page: Open, permissions: list[str]) -> None:
    page = open_page(items("fork", FORK), fragment=f"#{NAME}", permissions=["clipboard-read", "clipboard-write"])
    if len(permissions) == 1:
        page.evaluate("navigator.clipboard.writeText = async () => { throw new Error('not allowed'); }; null")
    page.wait_for_selector("pre[aria-label=source]")
    page.click(".with-copy:has(pre[aria-label=source]) button")
    page.wait_for_selector("button:has-text('Copied')")
    assert page.evaluate("navigator.clipboard.readText()") == f"int main(void) {{ /* {NAME} */ }}\n"


def test_an_address_opens_its_item_and_its_words(open_page: Open) -> None:
    page = open_page(items("fork", FORK), fragment=f"#{NAME}?outcome%3Afail")
    assert page.locator("#detail-title").is_visible()
    assert page.input_value("#query") == "outcome:fail"
    assert page.locator("a.cell[aria-current=true]").get_attribute("href") == f"#{NAME}"
    page.evaluate("location.hash = '#signals/sigstop-waits-until-release'")
    page.wait_for_selector("#detail-title:has-text('SIGSTOP waits until release')")
    page.evaluate("location.hash = ''")
    page.wait_for_selector("#detail", state="hidden")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_follow_the_system_and_the_button(open_page: Open, scheme: str) -> None:
    page = open_page(items("fork", FORK), color_scheme=scheme)
    brightness = "getComputedStyle(document.documentElement).backgroundColor.match(/\\d+/g).map(Number)[0]"
    assert (page.evaluate(brightness) > 128) is (scheme == "light")
    page.click("#theme")
    assert (page.evaluate(brightness) > 128) is (scheme == "dark")


@pytest.mark.parametrize(("width", "zoom"), [(400, 1), (320, 1), (1280, 2), (640, 1)])
@pytest.mark.parametrize("fragment", ["", f"#{NAME}"])
def test_nothing_is_wider_than_the_window(open_page: Open, width: int, zoom: int, fragment: str) -> None:
    # zoomed by two, a window is half as wide, and a pixel two
    shape = {"viewport": {"width": width // zoom, "height": 800 // zoom}, "device_scale_factor": zoom}
    page = open_page(items("native", {}), items("fork", FORK), fragment=fragment, **shape)
    assert page.evaluate("document.documentElement.scrollWidth") <= width // zoom
    assert (
        page.evaluate("document.querySelector('#detail').scrollWidth - document.querySelector('#detail').clientWidth")
        <= 0
    )
    if fragment:
        assert page.locator("#detail-title").is_visible()


def test_print_shows_the_matrix_and_what_is_open(open_page: Open, folder: Path) -> None:
    page = open_page(items("fork", FORK), fragment=f"#{NAME}")
    page.emulate_media(media="print")
    assert page.locator("#filters").is_hidden()
    assert page.locator("a.cell").first.is_visible()
    assert page.locator("figure.seen").is_visible()
    page.pdf(path=str(folder / "page.pdf"))
    assert (folder / "page.pdf").stat().st_size > 10_000


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_in_every_field_neither_runs_nor_breaks_the_page(open_page: Open, text: str) -> None:
    def spoil(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {
                name: one if name in ("kind", "schema", "outcome", "level") else spoil(one, name)
                for name, one in value.items()
            }
        if isinstance(value, list):
            return [spoil(one, key) for one in value] + (
                [text] if key in ("rules", "fails_under", "left_behind") else []
            )
        return value + text if isinstance(value, str) else value

    objects = spoil(items("fork", FORK))
    for line in objects:
        if line.get("seen") and isinstance(line["seen"], dict):
            line["seen"]["where"] = [dict.fromkeys(("comm", "state", "wchan", "syscall", "shares"), text)]
            line["seen"]["spawns"] = [{"call": text, "exe": text}]
    page = open_page(objects, [dict(line) for line in objects])
    page.click("a.cell >> nth=0")
    page.wait_for_selector("pre[aria-label=source]")
    for summary in page.locator("#detail summary").all():
        summary.click()
    look_for(page, text[:200])
    assert page.evaluate("window.pwned") is None
    assert page.locator("script:not([type]), img, iframe, object").count() == 1
    assert (
        page.evaluate(
            "[...document.querySelectorAll('a')].filter(a => !/^(#|https:)/.test(a.getAttribute('href'))).length"
        )
        == 0
    )
    assert page.evaluate("document.documentElement.scrollWidth") <= 1440


def test_a_record_that_was_cut_off_says_so_and_shows_no_level(open_page: Open) -> None:
    page = open_page(items("fork", FORK)[:-1])
    assert page.locator(".level").inner_text() == "No level: the record was cut off after 13 items"
    assert (
        page.locator(".notice").inner_text()
        == "This record is not whole: it has no end: the run was cut off, or still goes on."
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("runs", [1, 3])
def test_axe_has_no_serious_finding(open_page: Open, axe_text: str, scheme: str, runs: int) -> None:
    records = [items("native", EMULATE), items("fork", FORK), items("emulate", EMULATE)][-runs:]
    page = open_page(*records, color_scheme=scheme, bypass_csp=True)
    page.evaluate(axe_text)
    for opened in (False, True):
        if opened:
            page.click(f"a.cell[href='#{NAME}'] >> nth=0")
            page.wait_for_selector("pre[aria-label=source]")
            page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        found = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")["violations"]
        assert [
            (one["id"], one["impact"], one["nodes"][0]["html"][:200])
            for one in found
            if one["impact"] in ("serious", "critical")
        ] == []


@pytest.fixture(scope="module")
def axe_text(folder: Path) -> str:
    text = browser.axe(folder)
    if text is None:
        pytest.skip("axe-core cannot be had: it needs npm and its registry")
    return text


def test_fifty_thousand_results_open_in_three_seconds(chromium: Any, folder: Path) -> None:
    header, _, facts, verdict, *_, end = lines()
    path = folder / "many.jsonl"
    with open(path, "w", encoding="utf-8") as file:
        file.write(json.dumps(header) + "\n")
        for number in range(50_000):
            place = {
                "id": f"area-{number // 5000}/case-{number // 10}-does-what-it-must",
                "call": CALLS[number % 10],
                "variant": "",
            }
            outcome = {
                "outcome": "fail" if number % 7 == 0 else "pass",
                "expected": "referee.releases < parent.returned",
            }
            file.write(json.dumps({**facts, **place}) + "\n" + json.dumps({**verdict, **place, **outcome}) + "\n")
        file.write(json.dumps(end) + "\n")
    page_file = folder / "many.html"
    page_file.write_text(render([read_record(path)]), "utf-8")
    page = chromium.new_page()
    page.set_default_timeout(90_000)
    # of the main thread, in which a page is read, made and laid out: others may use this machine too
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def cpu_s() -> float:
        metrics = session.send("Performance.getMetrics")["metrics"]
        return next(float(metric["value"]) for metric in metrics if metric["name"] == "TaskDuration")

    begun = time.monotonic()
    page.goto(page_file.as_uri(), wait_until="commit", timeout=90_000)
    page.wait_for_selector("html[data-ready]", timeout=90_000)
    page.evaluate("document.querySelectorAll('a.cell')[3].click()")
    assert page.locator("#detail-title").is_visible()
    took, used = time.monotonic() - begun, cpu_s()
    page.wait_for_selector("html[data-drawn]", timeout=90_000)
    size = page_file.stat().st_size
    print(
        f"50,000 results, {size} bytes: an item open after {took:.2f} s, {used:.2f} s of CPU; drawn in {cpu_s():.2f} s"
    )
    assert page.locator("a.cell").count() == 50_000
    assert used <= 3
    page.close()
