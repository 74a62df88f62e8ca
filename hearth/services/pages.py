"""Pictures of Airflow's pages as a browser shows them, from the installation that runs: `make pages`.

Needs Debian's chromium, chromium-driver and fonts-noto-cjk. The driver is spoken to in the words of its standard
(W3C WebDriver), for Selenium's own package wants other versions of what the lock pins.
"""

from __future__ import annotations

import base64
import re
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from hearth.services import airflow
from hearth.settings import PROJECT_ROOT

IMAGES = PROJECT_ROOT / "docs" / "images"
_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # the key that the standard gives to a reference to an element
_ARGUMENTS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage",
    "--hide-scrollbars", "--lang=en",
)  # fmt: skip


class NotThere(Exception):  # noqa: N818 - a state of waiting, no error
    """The page does not show it yet."""


class Browser:
    """One window."""

    def __init__(self, driver: str, folder: Path) -> None:
        self._client = httpx.Client(base_url=driver, timeout=120, trust_env=False)
        options = {"args": [*_ARGUMENTS, f"--user-data-dir={folder}"]}
        wanted = {"capabilities": {"alwaysMatch": {"browserName": "chrome", "goog:chromeOptions": options}}}
        self._session = f"/session/{self._say('/session', **wanted)['sessionId']}"

    def _say(self, path: str, **body: Any) -> Any:
        answer = self._client.post(path, json=body).json()["value"]
        if isinstance(answer, dict) and answer.get("error") in ("no such element", "stale element reference"):
            raise NotThere(answer["message"])
        if isinstance(answer, dict) and "error" in answer:
            raise RuntimeError(f"{answer['error']}: {answer['message']}")
        return answer

    def open(self, address: str) -> None:
        """Go to a page of Airflow."""
        self._say(f"{self._session}/url", url=f"{airflow.api_url()}{address}")

    @retry(retry=retry_if_exception_type(NotThere), stop=stop_after_delay(90), wait=wait_fixed(0.5), reraise=True)
    def find(self, css: str) -> str:
        """An element; waits until the page has it."""
        return str(self._say(f"{self._session}/element", using="css selector", value=css)[_ELEMENT])

    def type(self, css: str, text: str) -> None:
        """Write into a field."""
        self._say(f"{self._session}/element/{self.find(css)}/value", text=text)

    def click(self, css: str) -> None:
        """Press a button."""
        self._say(f"{self._session}/element/{self.find(css)}/click")

    def press(self, label: str) -> None:
        """Press the button that has these words."""
        found = f"[...document.querySelectorAll('button')].find(one => one.innerText.trim() == '{label}')"
        self.run(f"{found}.click()")

    def size(self, width: int, height: int) -> None:
        """Make the window so large."""
        self._say(f"{self._session}/window/rect", width=width, height=height)

    def text(self) -> str:
        """What can be read on the page."""
        return str(self.run("return document.body.innerText"))

    def run(self, script: str) -> Any:
        """Value of a few words of JavaScript."""
        return self._say(f"{self._session}/execute/sync", script=script, args=[])

    @retry(retry=retry_if_exception_type(NotThere), stop=stop_after_delay(90), wait=wait_fixed(0.5), reraise=True)
    def shows(self, pattern: str) -> None:
        """Wait until the page shows it."""
        if not re.search(pattern, self.text()):
            raise NotThere(f"[{pattern}] is not on the page")

    def picture(self, target: Path) -> Path:
        """Write what the window shows as PNG."""
        answer = self._client.get(f"{self._session}/screenshot").json()["value"]
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(base64.b64decode(answer))
        return target

    def close(self) -> None:
        """End the session, and the browser with it."""
        self._client.delete(self._session)


@contextmanager
def browser() -> Iterator[Browser]:
    """A logged-in browser with a profile of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with (
        tempfile.TemporaryDirectory(prefix="hearth-browser-") as folder,
        subprocess.Popen(["chromedriver", f"--port={port}"], stdout=subprocess.DEVNULL) as driver,  # noqa: S607 - PATH
    ):
        try:
            _wait(f"http://127.0.0.1:{port}")
            window = Browser(f"http://127.0.0.1:{port}", Path(folder))
            try:
                _log_in(window)
                yield window
            finally:
                window.close()
        finally:
            driver.terminate()


@retry(retry=retry_if_exception_type(httpx.HTTPError), stop=stop_after_delay(60), wait=wait_fixed(0.2), reraise=True)
def _wait(driver: str) -> None:
    httpx.get(f"{driver}/status", trust_env=False).raise_for_status()


def _log_in(window: Browser) -> None:
    window.open("/")
    window.type("input[name=username]", airflow.ADMIN)
    window.type("input[name=password]", airflow.admin_password())
    window.click("button[type=submit]")
    window.shows("Dags")


def asset_graph(window: Browser, target: Path) -> Path:
    """What leads to ``marts``: every task that writes an asset, the departments' assets, the close."""
    from hearth.demo import Airflow

    window.size(1700, 1500)
    window.open(f"/assets/{Airflow().asset_ids()['marts']}")
    window.find(".react-flow__node")
    window.press("Task Dependencies")
    window.shows("publish")
    window.click(".react-flow__controls-fitview")
    window.shows("loaded")
    return window.picture(target)


def approval(window: Browser, run_id: str, target: Path) -> Path:
    """What a person is asked when only a waiver stands between a month and its publication."""
    window.size(1500, 1000)
    window.open(f"/dags/waive/runs/{run_id}/tasks/approve/required_actions")
    window.shows("Approve")
    return window.picture(target)


def main(run_ids: list[str]) -> None:
    """Take the pictures from the installation that runs; of the approval if a run of `waive` that waits is named."""
    with browser() as window:
        print(asset_graph(window, IMAGES / "page-assets.png"))
        for run_id in run_ids:
            print(approval(window, run_id, IMAGES / "page-approval.png"))


if __name__ == "__main__":
    main(sys.argv[1:])
