from __future__ import annotations

import re


def test_the_colours_are_those_of_the_report(root):
    report = (root / "report/templates/report.css").read_text(encoding="utf-8")
    demo = (root / "demo/static/demo.css").read_text(encoding="utf-8")
    light_and_dark = re.compile(r"--([a-z0-9]+): (#[0-9a-f]+)")
    theirs, ours = (light_and_dark.findall(css) for css in (report, demo))
    assert len(ours) == 2 * 8
    # Each in the light and in the dark, in the same order.
    assert [pair for pair in theirs if pair[0] in dict(ours)] == ours


def test_no_file_asks_for_anything_outside(root):
    for path in (root / "demo/static").iterdir():
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"https?://", text), path.name
        assert "innerHTML" not in text
        assert not re.search(r"\son[a-z]+=|\sstyle=|<style|<script(?! type=\"module\" src)", text)
