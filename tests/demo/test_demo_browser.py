"""The page in headless Chromium: as it is used, with the keyboard only, and on a phone."""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from demo.app import create_app
from demo.gateway import Gateway, Listener
from gateway import GatewayServer
from tests.gateway import making
from tests.serving import toy_model

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "chrome"))), None)
DRIVER = shutil.which("chromedriver")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not (BROWSER and DRIVER), reason="no Chromium or no chromedriver"),
]


@pytest.fixture(scope="module")
def driver() -> Iterator[Any]:
    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER
    for flag in (
        *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"),
        *("--disable-background-networking", "--force-prefers-reduced-motion"),
    ):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    made = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    yield made
    made.quit()


@pytest.fixture
def address(backend, catalogue, fill, model_base) -> Iterator[str]:
    fill(model_base)
    with served(create_app(backend, catalogue)) as found:
        yield found


@contextlib.contextmanager
def served(app: FastAPI) -> Iterator[str]:
    sock = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{sock.getsockname()[1]}"
    server.should_exit = True
    thread.join(timeout=20)


@pytest.fixture
def with_gateway(backend, catalogue, fill, model_base, tmp_path) -> Iterator[str]:
    """The page of somebody who has a gateway, whose model server is gone, and three listeners."""
    fill(model_base)
    root = making.world(tmp_path)
    options = making.config(root, server={"target": "127.0.0.1:9"})
    with GatewayServer(options) as gateway:
        known = [Listener(making.KNOWN, "casual"), Listener(making.HEAVY, "heavy")]
        known.append(Listener(making.STRANGER))
        app = create_app(backend, catalogue, gateway=Gateway(gateway.address, known))
        with served(app) as address:
            yield address


class Page:
    def __init__(self, driver: Any, address: str, width: int = 1280) -> None:
        self.driver = driver
        self.address = address
        metrics = {"width": width, "height": 844, "deviceScaleFactor": 1, "mobile": width < 600}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        driver.get_log("performance")
        driver.get(address)
        self.until(self.ranking)

    def until(self, condition: Any) -> Any:
        # The page may redraw an element between finding it and reading it: look again.
        wait = WebDriverWait(
            self.driver,
            30,
            poll_frequency=0.05,
            ignored_exceptions=[StaleElementReferenceException],
        )
        return wait.until(lambda _: condition())

    def shows(self, *titles: str, panel: int = 0) -> None:
        """Waits until a continuation begins with these titles."""
        try:
            self.until(lambda: self.ranking(panel)[: len(titles)] == list(titles))
        except Exception:
            assert self.ranking(panel)[: len(titles)] == list(titles)
            raise

    def ranking(self, panel: int = 0) -> list[str]:
        return self.driver.execute_script(
            "return [...(document.querySelectorAll('.panel')[arguments[0]]"
            "?.querySelectorAll('.song .names') || [])].map(e => e.firstChild.data)",
            panel,
        )

    def playlist(self) -> list[str]:
        return self.driver.execute_script(
            "return [...document.querySelectorAll('#tracks .names')].map(e => e.firstChild.data)"
        )

    def found(self) -> list[str]:
        return self.driver.execute_script(
            "return [...document.querySelectorAll('#found .names')].map(e => e.firstChild.data)"
        )

    def text(self, css: str) -> str:
        return self.driver.find_element(By.CSS_SELECTOR, css).get_attribute("textContent")

    def click(self, css: str) -> None:
        element = self.driver.find_element(By.CSS_SELECTOR, css)
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
        element.click()

    def focus(self) -> Any:
        return self.driver.switch_to.active_element

    def type(self, *keys: str) -> None:
        """Types into whatever has the focus."""
        for key in keys:
            # Not to the element: that of a file would take keys for a path.
            ActionChains(self.driver).send_keys(key).perform()


@pytest.fixture
def page(driver, address) -> Page:
    return Page(driver, address)


def test_title_search_and_recommendations_change_the_continuation(page):
    # Version 2 without a playlist: the most popular first.
    page.shows("Track 0", "Track 1", "Track 2")
    assert page.text("#results-title") == "Popular tracks"

    page.driver.find_element(By.ID, "name").send_keys("reverse")
    page.shows("Track 7", "Track 6", "Track 5")
    assert page.text("#results-title") == "Continuing “reverse”"

    page.driver.find_element(By.ID, "search").send_keys("track 3")
    page.until(lambda: page.found() == ["Track 3"])
    page.click("#found li")
    # 1/2 for tracks 2 and 4, then 1/3 for tracks 1 and 5: of equal ones the lower comes first.
    page.shows("Track 2", "Track 4", "Track 1", "Track 5")
    assert page.playlist() == ["Track 3"]

    page.click(".panel .song:nth-child(2) button")
    # Tracks 3 and 4 are given: 2 and 5 get 1/2 + 1/3, then 1 and 6 get 1/3 + 1/4.
    page.shows("Track 2", "Track 5", "Track 1", "Track 6")
    assert page.playlist() == ["Track 3", "Track 4"]
    assert page.text("#count") == "2 tracks"
    # Track 4 has left the list, so that 5 was third; it is second now.
    assert "up 1 place" in page.text(".panel .song:nth-child(2) .move")
    assert page.text(".panel .song:nth-child(1) .score").startswith("201")

    page.click("#clear")
    page.shows("Track 0", "Track 1")
    assert page.playlist() == []


def test_everything_works_with_the_keyboard_alone(page):
    page.shows("Track 0")
    page.type(Keys.TAB)
    assert page.focus().text == "Skip to the continuation"
    page.type(Keys.TAB)
    assert page.focus().get_attribute("id") == "name"
    page.type("reverse", Keys.TAB)
    assert page.focus().get_attribute("id") == "search"

    page.type("track")
    page.until(lambda: len(page.found()) == 8)
    page.type(Keys.ARROW_DOWN, Keys.ARROW_DOWN, Keys.ARROW_UP)
    chosen = page.focus().get_attribute("aria-activedescendant")
    assert "Track 1" in page.text(f"#{chosen}")
    page.type(Keys.ENTER)
    assert page.playlist() == ["Track 1"]
    assert page.focus().get_attribute("id") == "search"
    assert page.focus().get_attribute("aria-expanded") == "false"
    page.shows("Track 0", "Track 2")

    # To the first recommendation, which goes into the playlist; the focus stays at its rank.
    page.type("tr")
    page.until(page.found)
    page.type(Keys.ESCAPE)
    assert page.found() == []
    page.type(Keys.ESCAPE)
    assert page.focus().get_property("value") == ""
    while page.focus().get_attribute("aria-label") != "Add Track 0 by Artist 0":
        page.type(Keys.TAB)
        assert page.focus().tag_name != "body"
    page.type(Keys.ENTER)
    page.until(lambda: page.focus().get_attribute("aria-label") == "Add Track 2 by Artist 2")
    assert page.playlist() == ["Track 1", "Track 0"]
    page.until(lambda: "Continuing “reverse”: first is Track 2" in page.text("#live"))

    # A slash goes to the search from anywhere; then back to the first track, and it is removed.
    page.type("/")
    assert page.focus().get_attribute("id") == "search"
    page.type(Keys.TAB)
    assert page.focus().get_attribute("id") == "file"
    page.type(Keys.TAB, Keys.TAB)
    assert page.focus().get_attribute("aria-label") == "Remove Track 1 by Artist 1"
    page.type(Keys.ENTER)
    assert page.playlist() == ["Track 0"]
    assert page.focus().get_attribute("aria-label") == "Remove Track 0 by Artist 0"


def test_a_file_of_playlists_is_opened(page, tmp_path):
    lists = {
        "playlists": [
            {"name": "reverse", "tracks": [toy_model.uri(3), "spotify:track:" + "z" * 22]},
            {"name": "other", "tracks": [toy_model.uri(0)]},
        ]
    }
    path = tmp_path / "lists.json"
    path.write_text(json.dumps(lists))
    page.driver.find_element(By.ID, "file").send_keys(str(path))
    page.until(
        lambda: page.text(".meaning").startswith("1 of 2 tracks known by the model. Scores:")
    )
    page.shows("Track 2", "Track 4")
    assert page.playlist()[0] == "Track 3"
    page.driver.find_element(By.CSS_SELECTOR, "#playlists option:nth-child(2)").click()
    page.until(lambda: page.playlist() == ["Track 0"])
    path = tmp_path / "words.txt"
    path.write_text("words")
    page.driver.find_element(By.ID, "file").send_keys(str(path))
    page.until(lambda: "is in none of the formats" in page.text("#file-hint"))


def test_two_versions_are_compared_side_by_side(page):
    page.until(lambda: page.driver.find_element(By.ID, "compare").is_displayed())
    page.click("#compare")
    page.shows("Track 0", panel=0)
    page.shows("Track 0", panel=1)
    left, right = page.driver.find_elements(By.CSS_SELECTOR, ".panel")
    assert left.rect["x"] + left.rect["width"] <= right.rect["x"]
    # 8 points for track 0, and 100 times the version.
    page.until(lambda: "108" in left.text and "208" in right.text)
    assert "8 of the first 8 in common" in page.text("#overlap")
    options = [o.text for o in left.find_elements(By.TAG_NAME, "option")]
    assert options == ["Latest version", "canary · 2", "stable · 1"]
    left.find_elements(By.TAG_NAME, "option")[1].click()
    page.until(lambda: "208" in left.text)
    page.click("#compare")
    page.until(lambda: len(page.driver.find_elements(By.CSS_SELECTOR, ".panel")) == 1)


@pytest.mark.parametrize("width", [1280, 390])
def test_a_gateway_is_asked_as_a_listener(driver, with_gateway, width):
    page = Page(driver, with_gateway, width)
    page.until(lambda: page.driver.find_element(By.ID, "gateway").is_displayed())
    options = page.driver.find_elements(By.CSS_SELECTOR, "#listener option")
    assert [each.text for each in options] == [
        *("Listener 1 · casual", "Listener 2 · heavy", "Listener 3")
    ]
    page.click("#ask")
    page.until(lambda: "segment" in page.text("#facts").lower())
    assert "casual" in page.text("#facts")
    assert "in no experiment" in page.text("#facts")
    assert "the day's published list (41)" in page.text("#facts")
    assert "segue label stable: unavailable" in page.text("#facts")
    assert page.text("#shelves h3") == "Yesterday's"
    assert page.text("#shelves .song .reason") == "of yesterday 9"
    options[2].click()
    page.until(lambda: "what is popular (popular)" in page.text("#facts"))
    assert page.text("#shelves h3") == "Popular now"
    wide = "return document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    assert page.driver.execute_script(wide)
    assert making.KNOWN not in page.driver.page_source


@pytest.mark.parametrize("comparing", [False, True])
def test_a_phone_shows_it_without_scrolling_sideways(driver, address, comparing):
    page = Page(driver, address, width=390)
    page.driver.find_element(By.ID, "name").send_keys("W" * 120)
    page.driver.find_element(By.ID, "search").send_keys("tr")
    page.until(page.found)
    page.click("#found li:nth-child(2)")
    page.shows("Track 0", "Track 2")
    if comparing:
        page.click("#compare")
        page.shows("Track 0", panel=1)
    seen = driver.execute_script(
        """return {
          page: document.documentElement.scrollWidth,
          wide: [...document.querySelectorAll("body *:not(.unseen, .unseen *, .skip)")]
            .filter(e => e.getBoundingClientRect().right > 391).map(e => e.outerHTML.slice(0, 90)),
          small: [...document.querySelectorAll(".song button")]
            .map(e => e.getBoundingClientRect()).filter(r => r.width < 40 || r.height < 40).length,
        }"""
    )
    assert seen == {"page": 390, "wide": [], "small": 0}


def test_markup_in_names_and_titles_stays_text(page, catalogue):
    from demo.backend import Track

    odd = "<img src=x onerror=document.title='broken'>"
    catalogue.add([Track("spotify:track:odd", odd, "<script>document.title='broken'</script>")])
    page.driver.find_element(By.ID, "name").send_keys(odd)
    page.driver.find_element(By.ID, "search").send_keys("img")
    page.until(lambda: page.found() == [odd])
    page.click("#found li")
    page.until(lambda: page.playlist() == [odd])
    page.until(lambda: odd in page.text("#results-title"))
    assert page.driver.title == "Playlist continuation · Segue"
    assert page.driver.find_elements(By.CSS_SELECTOR, "main img, main script") == []


def test_pasted_links_are_added_and_kept_over_a_reload(page):
    link = f"https://open.spotify.com/track/{toy_model.uri(5).split(':')[-1]}?si=1"
    unknown = "spotify:track:" + "z" * 22
    search = page.driver.find_element(By.ID, "search")
    search.send_keys("x")
    page.driver.execute_script(
        "const data = new DataTransfer(); data.setData('text', arguments[1]);"
        "arguments[0].dispatchEvent(new ClipboardEvent('paste',"
        " {clipboardData: data, bubbles: true, cancelable: true}))",
        search,
        f"{link}\n{unknown}",
    )
    page.until(lambda: page.playlist() == ["Track 5", "z" * 22])
    assert search.get_property("value") == ""
    page.driver.refresh()
    page.until(lambda: page.playlist() == ["Track 5", "z" * 22])
    page.shows("Track 4", "Track 6")


def test_a_server_that_goes_away_is_told_and_noticed_when_it_is_back(page, backend):
    real, backend.continue_playlist = backend.continue_playlist, refuse
    page.driver.find_element(By.ID, "name").send_keys("reverse")
    page.until(lambda: "No model server answers at" in page.text("#alert"))
    backend.continue_playlist = real
    page.click("#alert button")
    page.shows("Track 7")
    page.until(lambda: page.text("#alert") == "")


def refuse(*_: Any, **__: Any) -> None:
    import grpc

    from serving.protocol import ServingError

    raise ServingError(grpc.StatusCode.UNAVAILABLE, "gone")


def test_nothing_is_asked_of_anybody_else_and_nothing_is_complained_of(driver, address):
    driver.get_log("browser")
    page = Page(driver, address)
    page.driver.find_element(By.ID, "search").send_keys("track")
    page.until(page.found)
    page.click("#compare")
    page.shows("Track 0", panel=1)
    events = [json.loads(entry["message"])["message"] for entry in driver.get_log("performance")]
    asked = {
        event["params"]["request"]["url"]
        for event in events
        if event["method"] == "Network.requestWillBeSent"
    }
    assert any("/api/continue" in url for url in asked)
    assert {url for url in asked if not url.startswith((f"{address}/", "data:"))} == set()
    assert driver.get_log("browser") == []
