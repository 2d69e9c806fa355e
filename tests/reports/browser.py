"""Debian's Chromium, driven by Playwright, for what a page looks like and does."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@contextmanager
def browser() -> Iterator[Browser]:
    """A headless browser. Skips the test where there is none, but fails it under continuous integration."""
    try:
        from playwright.sync_api import sync_playwright  # noqa: PLC0415 - not every checkout has it
    except ImportError:
        lacking("there is no Playwright: pip install playwright")
    if CHROMIUM is None:
        lacking("there is no Chromium: apt install chromium")
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            yield found
        finally:
            found.close()


def lacking(why: str) -> NoReturn:
    """Skips a test for want of something, but fails it under continuous integration."""
    if os.environ.get("CI"):
        pytest.fail(why)
    pytest.skip(why)


CONTRASTS = """() => {
  // Every piece of text that is seen, with its contrast (WCAG 2) against what is painted behind it.
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", {willReadFrequently: true});
  const rgba = colour => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [red, green, blue, alpha] = canvas.getImageData(0, 0, 1, 1).data;
    return [red, green, blue, alpha / 255];
  };
  const over = (top, below) => [0, 1, 2].map(at => top[at] * top[3] + below[at] * (1 - top[3]));
  const light = colour => {
    const linear = each => each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4;
    const [red, green, blue] = colour.map(each => linear(each / 255));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const behind = node => {
    if (!node) return [255, 255, 255];
    return over(rgba(getComputedStyle(node).backgroundColor), behind(node.parentElement));
  };
  const faded = node => node ? getComputedStyle(node).opacity * faded(node.parentElement) : 1;
  const found = [];
  const add = (node, colour, text) => {
    const paper = behind(node);
    const [red, green, blue, alpha] = rgba(colour);
    const ink = over([red, green, blue, alpha * faded(node)], paper);
    const [low, high] = [light(ink), light(paper)].sort((one, other) => one - other);
    found.push([(high + 0.05) / (low + 0.05), `${node.tagName}.${node.className}: ${text.slice(0, 40)}`]);
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement, text = walker.currentNode.data.trim();
    if (text && node.checkVisibility() && node.getClientRects().length) add(node, getComputedStyle(node).color, text);
  }
  for (const node of document.querySelectorAll("[placeholder]")) {
    const style = getComputedStyle(node, "::placeholder");
    if (node.checkVisibility()) add(node, style.color, node.placeholder);
  }
  return found;
}"""
