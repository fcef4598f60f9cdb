"""The page of a search holds every trial, loads nothing, escapes the values of settings, and is accessible."""

import re

import pytest

from agelens.data_prep.core.errors import DataError
from agelens.pipeline.reports.search_report import draw_search
from tests.chromium import chromium, open_page, violations
from tests.pipeline.reports.trials import trials_of, write_search


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """Return the folder of the files drawn from a search of 12 trials."""
    folder = tmp_path_factory.mktemp("search")
    write_search(folder / "tune", trials_of(12))
    draw_search(folder / "tune", folder / "report")
    return folder / "report"


def test_search_is_drawn_from_the_files_of_the_stage(drawn):
    names = sorted(path.name for path in drawn.iterdir())
    assert names == ["curves.png", "importance.png", "search.html", "trials.png"]


def test_the_page_has_every_trial_in_the_order_of_the_table(drawn):
    page = (drawn / "search.html").read_text()
    all_trials = page[page.index('id="all"') :]
    assert re.findall(r"<td class=\"text\">(\d{4})</td>", all_trials) == [f"{row:04d}" for row in range(12)]
    assert len(re.findall(r'data-from="trials.csv:\d+:val_age_mae"', all_trials)) == 12


def test_the_page_shows_the_retrained_settings_and_the_winner(drawn):
    page = (drawn / "search.html").read_text()
    assert 'data-from="retrained.csv:0:mean">6.61<' in page
    assert "params.yaml" in page
    assert "the settings found" in page
    assert "Random search" in page
    assert "unknown" in page  # untuned_sd is missing


def test_a_setting_that_was_searched_on_a_log_scale_has_a_log_axis(drawn):
    page = (drawn / "search.html").read_text()
    assert "Score by learning rate (log axis)" in page
    assert "Score by units<" in page


def test_equal_searches_give_equal_files(drawn, tmp_path):
    write_search(tmp_path / "tune", trials_of(12))
    draw_search(tmp_path / "tune", tmp_path / "report")
    for path in drawn.iterdir():
        assert (tmp_path / "report" / path.name).read_bytes() == path.read_bytes(), path.name


@pytest.mark.parametrize(
    ("file", "name"), [("search.json", "budget"), ("search.json", "space"), ("best.json", "winner")]
)
def test_a_file_whose_names_are_damaged_is_refused(tmp_path, file, name):
    write_search(tmp_path, trials_of(3))
    path = tmp_path / file
    path.write_text(path.read_text().replace(f'"{name}"', f'"{name[:-1]}~"'))
    with pytest.raises(DataError, match=rf"{file} is damaged \(it has no {name}\)"):
        draw_search(tmp_path, tmp_path)


def test_values_are_escaped(tmp_path):
    write_search(tmp_path, trials_of(2).assign(age_head="</script><b>"))
    draw_search(tmp_path, tmp_path)
    page = (tmp_path / "search.html").read_text()
    assert "</script><b>" not in page
    assert "&lt;/script&gt;&lt;b&gt;" in page


def test_nothing_is_drawn_without_a_search(tmp_path):
    draw_search(tmp_path, tmp_path / "report")
    assert not (tmp_path / "report").exists()


@pytest.mark.parametrize("name", ["curves.csv", "search.json"])
def test_a_search_of_an_earlier_version_is_named(tmp_path, name):
    write_search(tmp_path, trials_of(2))
    (tmp_path / name).unlink()
    with pytest.raises(DataError, match=rf"{name} is missing: .* Run `dvc repro tune`"):
        draw_search(tmp_path, tmp_path / "report")


@pytest.mark.slow
@pytest.mark.parametrize(("width", "dark"), [(390, True), (1440, False)])
def test_the_page_draws_its_charts_asks_for_nothing_and_is_accessible(drawn, width, dark):
    with chromium() as browser:
        opened = open_page(browser, drawn / "search.html", width=width, dark=dark)
        assert (opened.requests, opened.messages) == ([], [])
        assert opened.page.locator("figure.chart svg").count() == 6
        assert violations(opened) == []
