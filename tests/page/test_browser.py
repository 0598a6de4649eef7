"""The page in Chromium: it computes, says and asks for what it should.

One test runs wherever Chromium and Playwright are; the others are slow.
"""

from __future__ import annotations

from pathlib import Path

import numpy
import pytest

from d2l_rnn.experiments.loaded import load_run
from d2l_rnn.experiments.on_page import runs_on_page
from d2l_rnn.inference.network import Network

from .chromium import answers, needs_chromium, opened, written
from .test_command import KEPT
from .test_language import GREEDY

pytestmark = needs_chromium
AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"


def test_it_types_what_numpy_writes_and_asks_for_nothing(tmp_path: Path) -> None:
    path = written(tmp_path, [KEPT / "gluon"])
    loaded = load_run(KEPT / "gluon")
    prefix = loaded.prefixes()[0]
    expected = loaded.generate(prefix, loaded.config.num_preds)
    with opened(path) as watched:
        assert watched.wait_for_text(len(expected)) == expected
        watched.page.get_by_text("letter for letter").wait_for()
        assert watched.complaints == []
        sent = [url for url in watched.requests if not url.startswith("blob:")]
        assert sent == [path.as_uri()]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["gluon", "scratch", "handwritten", "edition-v1"])
def test_500_characters_are_those_of_numpy(name: str, tmp_path: Path) -> None:
    loaded, (run,) = load_run(KEPT / name), runs_on_page([KEPT / name])
    net, prefix = loaded.steps, loaded.ids(loaded.prefixes()[0])
    assert isinstance(net, Network)
    # Of edition 1.0 ours has the vocabulary in another order.
    order = loaded.vocab[run.vocabularies["vocab"]]
    with opened(written(tmp_path, [KEPT / name])) as watched:
        _, _, _, typed, scores = answers(
            watched,
            [
                ["begin", {}],
                ["read", {"tokens": [order.index(token) for token in prefix]}],
                ["type", {"count": 500, "choice": GREEDY}],
                ["scores", {}],
            ],
        )
    tokens = prefix + [order[place["token"]] for place in typed["result"]["places"]]
    assert tokens[len(prefix) :] == net.continue_greedily(prefix, 500)
    state = net.begin_state(1)
    expected = [net.logits([token], state)[0][order] for token in tokens]
    numpy.testing.assert_allclose(scores["result"], expected, atol=1e-4)


@pytest.mark.slow
def test_typing_changes_the_text_live_and_marks_what_is_unknown(tmp_path: Path) -> None:
    with opened(written(tmp_path, [KEPT / "gluon"])) as watched:
        watched.wait_for_text(20)
        watched.page.locator("textarea").fill("the é <b>time")
        watched.page.wait_for_function(
            "() => document.querySelector('.strip-text')"
            ".textContent.startsWith('the é <b>')"
        )
        unknown = watched.page.locator(".strip-text").first.locator(".unknown")
        assert set(unknown.all_text_contents()) >= {"é", "<", ">"}
        assert watched.page.locator(".strip-text b").count() == 0
        assert watched.complaints == []


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en-GB", "zh-CN"])
def test_axe_finds_nothing_serious(scheme: str, language: str, tmp_path: Path) -> None:
    if not AXE.exists():
        pytest.skip("needs axe-core: scripts/check_page.sh installs it")
    path = written(tmp_path, [KEPT / "gluon", KEPT / "scratch"])
    with opened(path, color_scheme=scheme, locale=language) as watched:
        watched.wait_for_text(20)
        watched.page.locator(".ranks button").first.wait_for()
        lang = watched.page.evaluate("document.documentElement.lang")
        assert lang == ("zh-CN" if language == "zh-CN" else "en")
        watched.page.evaluate(AXE.read_text("utf-8") + "; undefined")
        found = watched.page.evaluate("axe.run()")
    serious = [
        (rule["id"], [node["target"] for node in rule["nodes"]][:3])
        for rule in found["violations"]
        if rule["impact"] in ("serious", "critical")
    ]
    assert serious == []


@pytest.mark.slow
def test_a_page_does_not_scroll_sideways_and_keys_work(tmp_path: Path) -> None:
    path = written(tmp_path, [KEPT / "gluon", KEPT / "scratch"])
    viewport = {"width": 360, "height": 740}
    with opened(path, viewport=viewport, reduced_motion="reduce") as watched:
        page = watched.page
        watched.wait_for_text(20)
        for key in ("", "p", "l"):
            if key:
                page.locator("h1").click()
                page.keyboard.press(key)
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= 360
        assert page.evaluate("document.documentElement.lang") == "zh-CN"
        assert page.evaluate("document.documentElement.className") == "projector"
        strip = page.locator(".strip-text").first
        strip.focus()
        page.keyboard.press("End")
        page.keyboard.press("ArrowLeft")
        places = strip.locator("span")
        chosen = strip.locator(".chosen")
        assert int(chosen.get_attribute("data-place")) == places.count() - 2


@pytest.mark.slow
def test_weights_that_were_changed_are_not_used(tmp_path: Path) -> None:
    path = written(tmp_path, [KEPT / "gluon"])
    page = path.read_text("utf-8")
    at = page.index('id="weights-0">') + 400
    other = "A" if page[at] != "A" else "B"
    path.write_text(page[:at] + other + page[at + 1 :], "utf-8")
    with opened(path) as watched:
        told = watched.page.get_by_role("alert").text_content()
        assert "SHA-256" in told
        assert watched.page.locator(".strip-text").count() == 0
