"""The report as a browser shows it."""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
BROWSER = next(filter(None, map(shutil.which, BROWSERS)), None)
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--mute-audio"),
    *("--disable-dev-shm-usage", "--enable-logging=stderr"),
)

# In a frame the page is as wide as on a phone; the script is the probe's, the page has none.
PROBE = """<!doctype html><meta charset="utf-8"><title>probe</title>
<iframe id="frame" style="width:{width}px;height:900px;border:0"></iframe><pre id="found"></pre>
<script>
const frame = document.getElementById("frame");
frame.onload = () => {{
  const page = frame.contentDocument, view = frame.contentWindow;
  const texts = [...page.querySelectorAll("main *, header *")].filter(
    e => [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim())
      && e.getClientRects().length);
  const wide = [...page.querySelectorAll("main *, header *")].filter(
    e => e.getBoundingClientRect().right > {width} + 1
      && !e.closest(".scroll, nav, svg, .unseen"));
  document.getElementById("found").textContent = JSON.stringify({{
    title: page.title,
    width: page.documentElement.scrollWidth,
    wide: wide.slice(0, 5).map(e => e.outerHTML.slice(0, 120)),
    requests: view.performance.getEntriesByType("resource").map(e => e.name),
    smallest: Math.min(...texts.map(e => parseFloat(view.getComputedStyle(e).fontSize))),
    marks: page.querySelectorAll("use").length,
  }});
}};
frame.src = "index.html";
</script>"""

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(BROWSER is None, reason="no Chromium on the PATH"),
]


def browse(directory: Path, arguments: list[str]) -> tuple[str, str]:
    """Runs the browser to its end; returns what it wrote to stdout and to stderr."""
    assert BROWSER is not None
    command = [BROWSER, *FLAGS, f"--user-data-dir={directory / 'profile'}", *arguments]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        start_new_session=True,
    )
    try:
        out, errors = process.communicate(timeout=120)
    finally:
        # Its helpers are in its process group, and outlive it when it hangs.
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    assert process.returncode == 0, errors
    return out, errors


@pytest.fixture(params=[390, 1280])
def seen(request: pytest.FixtureRequest, run_dir: Path, tmp_path: Path) -> dict[str, Any]:
    """What the browser found in the page at a width."""
    shutil.copy(run_dir / "index.html", tmp_path)
    probe = tmp_path / "probe.html"
    probe.write_text(PROBE.format(width=request.param), encoding="utf-8")
    flags = ["--allow-file-access-from-files", "--window-size=1400,1000", "--dump-dom"]
    dom, errors = browse(tmp_path, [*flags, probe.as_uri()])
    found = re.search(r'<pre id="found">(.+?)</pre>', dom, re.DOTALL)
    assert found, dom[:2000]
    console = [line for line in errors.splitlines() if "CONSOLE" in line]
    return {**json.loads(html.unescape(found[1])), "console": console, "asked": request.param}


def test_the_page_works_at_any_width(seen: dict[str, Any]) -> None:
    assert seen["title"] == "two_tower is blessed · Segue"
    assert seen["console"] == []
    assert seen["requests"] == []
    assert seen["wide"] == []
    assert seen["width"] <= seen["asked"]
    assert seen["smallest"] >= 11
    assert seen["marks"] > 100


def test_the_page_prints(run_dir: Path, tmp_path: Path) -> None:
    target = tmp_path / "report.pdf"
    browse(tmp_path, [f"--print-to-pdf={target}", (run_dir / "index.html").as_uri()])
    content = target.read_bytes()
    assert content.startswith(b"%PDF")
    # All sections take several pages, and a chart that broke loose would take hundreds.
    assert 5 <= len(re.findall(rb"/Type\s*/Page\b", content)) <= 40
