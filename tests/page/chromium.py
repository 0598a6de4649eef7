"""A page in Debian's Chromium, driven by Playwright, without a network."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Iterator, List, Optional, Sequence

import pytest

from d2l_rnn.experiments.on_page import runs_on_page
from d2l_rnn.page.document import render_page

CHROMIUM = shutil.which("chromium")
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="needs chromium")


def written(folder: Path, runs: Sequence[Path], dtype: str = "float32") -> Path:
    """A page of some runs."""
    path = folder / f"page-{dtype}.html"
    path.write_text(render_page(runs_on_page(list(runs), dtype), "nets"), "utf-8")
    return path


class Watched:
    """An open page, with what the browser said meanwhile."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.requests: List[str] = []
        self.complaints: List[str] = []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._heard)

    def _heard(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def text_of(self, place: int = 0) -> str:
        """The letters of a strip."""
        return str(self.page.locator(".strip-text").nth(place).text_content())

    def wait_for_text(self, length: int) -> str:
        """Until the first strip has so many letters."""
        self.page.wait_for_function(
            "length => document.querySelector('.strip-text')"
            "?.textContent.length >= length",
            arg=length,
            timeout=120_000,
        )
        return self.text_of()


@contextmanager
def opened(path: Path, **context: Any) -> Iterator[Watched]:
    """Open a page from the disk, in a window of its own."""
    api = pytest.importorskip(
        "playwright.sync_api", reason="needs playwright: pip install 'd2l_rnn[test]'"
    )
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"]
        )
        page = browser.new_page(**context)
        watched = Watched(page)
        page.goto(path.as_uri())
        yield watched
        browser.close()


def answers(watched: Watched, calls: Sequence[Any], run: int = 0) -> List[Any]:
    """What the page's own worker answers, its texts taken from the page."""
    found: Optional[List[Any]] = watched.page.evaluate(ASK, [run, list(calls)])
    assert found is not None
    return found


# A second worker, of the same text and the same weights as the page's own.
ASK = """async ([run, calls]) => {
  const carried = (id) => document.getElementById(id).textContent;
  const url = URL.createObjectURL(new Blob([carried("computing")]));
  const worker = new Worker(url);
  const ask = (id, call, given) => new Promise((done, failed) => {
    worker.onmessage = ({ data }) =>
      "error" in data ? failed(new Error(data.error)) : done(data.result);
    worker.postMessage({ id, run, call, given });
  });
  const facts = JSON.parse(carried("runs"))[run];
  const found = [];
  const began = performance.now();
  await ask(0, "open", { facts, weights: carried(`weights-${run}`) });
  found.push(performance.now() - began);
  for (const [call, given] of calls) {
    const start = performance.now();
    const result = await ask(1, call, given);
    const seconds = (performance.now() - start) / 1000;
    found.push({ result: JSON.parse(JSON.stringify(result, (_, value) =>
      ArrayBuffer.isView(value) ? Array.from(value) : value)), seconds });
  }
  worker.terminate();
  return found;
}"""
