//! What the atlas promises: that what is committed is what scenarios and snapshots say, that no other file is touched,
//! and that the site does in a real browser what it says.
//!
//! `rehearsal docs --into docs/atlas` writes it again.
#![allow(clippy::unwrap_used, reason = "clippy knows test functions, not what they share")]

#[path = "../support/browser.rs"]
mod browser;
#[path = "../support/mod.rs"]
mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use browser::{Browser, DOWN, ENTER, ESCAPE, LEFT, RIGHT, UP};
use serde_json::Value;
use support::{PROGRAM, Project, Ran, run};

const HERE: &str = env!("CARGO_MANIFEST_DIR");

/// The program, run in this project.
fn here(args: &[&str]) -> Ran {
    run(Command::new(PROGRAM).current_dir(HERE).args(args))
}

#[test]
fn what_is_committed_is_what_the_snapshots_say() {
    here(&["docs", "--into", "docs/atlas", "--check"]).exits(0);
}

/// One scenario of the project's own with its snapshots, as real control planes showed them.
fn project() -> Project {
    let project = Project::new();
    for path in ["scenarios/tokens/pod-bound.yaml", "scenarios/tokens/pod-bound", "snapshots/tokens/pod-bound"] {
        let to = project.path(path);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        assert!(Command::new("cp").arg("-r").arg(Path::new(HERE).join(path)).arg(to).status().unwrap().success());
    }
    project
}

#[test]
fn docs_writes_what_is_not_up_to_date_and_nothing_else() {
    let project = project();
    project.write("docs/atlas/notes.md", "Mine.\n");
    let docs = |more: &[&str]| project.run(&[&["docs", "--into", "docs/atlas"], more].concat());
    docs(&["--check"]).exits(1).says(&[
        "docs/atlas/index.html is missing\n",
        "3 of 3 files differ",
        "rehearsal docs --into docs/atlas",
    ]);
    assert!(!project.path("docs/atlas/index.html").exists());
    docs(&[]).exits(0).says(&["wrote docs/atlas/tokens/pod-bound.md\n", "docs/atlas is up to date now: 3 files\n"]);
    let written = project.files("docs");
    docs(&["--check"]).exits(0);
    docs(&[]).exits(0).says(&["docs/atlas is up to date: 3 files"]);
    assert_eq!(project.files("docs"), written, "what is up to date is left alone");

    let page = fs::read_to_string(project.path("docs/atlas/tokens/pod-bound.md")).unwrap();
    for part in [
        "# A token bound to a Pod dies with it\n",
        "[`scenarios/tokens/pod-bound.yaml`](../../../scenarios/tokens/pod-bound.yaml)",
        "- **v1.30**: token, review\n",
        "```yaml\n- create: {kind: ServiceAccount, name: demo-sa}\n- create: {file: pod.yaml}\n- wait:",
        "### token\n\n```yaml\nname: token\ntoken: {serviceAccount",
        "From **v1.30** on:\n\n```diff\n--- v1.29.0\n+++ v1.30.14\n",
    ] {
        assert!(page.contains(part), "no `{part}` in {page}");
    }
    // A scenario that moves takes its page with it.
    for folder in ["scenarios", "snapshots"] {
        fs::rename(project.path(&format!("{folder}/tokens")), project.path(&format!("{folder}/moved"))).unwrap();
    }
    let moved = "snapshots are told by their scenario's path";
    let ran = docs(&["--check"]);
    assert_eq!(ran.code, Some(2), "{moved}: {}", ran.all());
    project.run(&["prune"]).exits(0);
    docs(&["--check"])
        .exits(1)
        .says(&["docs/atlas/tokens/pod-bound.md is of no scenario", "docs/atlas/moved/pod-bound.md is missing"]);
    docs(&[]).exits(0).says(&["removed docs/atlas/tokens/pod-bound.md"]);
    assert_eq!(fs::read_to_string(project.path("docs/atlas/notes.md")).unwrap(), "Mine.\n");
    // What somebody wrote is not overwritten.
    project.write("docs/README.md", "Mine.\n");
    project.run(&["docs", "--into", "docs"]).exits(1).says(&["docs/README.md was not made by `rehearsal docs`"]);
    assert!(!project.path("docs/index.html").exists());
}

/// The site of all scenarios in a browser, or nothing where there is none.
fn site() -> Option<(tempfile::TempDir, Browser, String)> {
    let browser = Browser::open_for("the site of the atlas")?;
    let folder = tempfile::tempdir().unwrap();
    here(&["docs", "--into", folder.path().to_str().unwrap()]).exits(0);
    let address = format!("file://{}/index.html", folder.path().display());
    Some((folder, browser, address))
}

const ROWS: &str = "[...document.querySelectorAll('tr[data-id]:not(.step):not([hidden])')].map(row => row.dataset.id)";

fn rows(browser: &Browser) -> BTreeSet<String> {
    serde_json::from_value(browser.value(ROWS)).unwrap()
}

fn hash(browser: &Browser) -> String {
    browser.value("location.hash").as_str().unwrap().to_owned()
}

#[test]
fn the_site_works_in_a_browser() {
    let Some((_folder, browser, address)) = site() else { return };
    browser.size(1400, 900);
    browser.prefers("light");
    browser.go(&address);
    all_scenarios_are_there(&browser);
    a_cell_shows_the_answer(&browser);
    the_keyboard_reaches_everything(&browser);
    a_search_finds_answers_too(&browser);
    two_versions_differ_as_diff_says(&browser);
    an_address_is_a_place(&browser, &address);
    it_is_light_and_dark(&browser, &address);
    it_fits_on_a_phone(&browser, &address);
    assert_eq!(browser.value("performance.getEntriesByType('resource').length"), 0, "it loads something");
    assert_eq!(browser.complaints(), [Value::Null; 0]);
}

fn all_scenarios_are_there(browser: &Browser) {
    let listed: Value = serde_json::from_str(&here(&["list", "--output", "json"]).out).unwrap();
    let listed: BTreeSet<String> =
        listed.as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(rows(browser), listed);
    assert!(browser.text("#panel").contains("Choose a cell"));
    let unnamed = "[...document.querySelectorAll('button, input, select')].filter(it => !it.innerText.trim() && !it.ariaLabel && !it.labels?.length).length";
    assert_eq!(browser.value(unnamed), 0, "something that one can use has no name");
}

fn a_cell_shows_the_answer(browser: &Browser) {
    let column = browser.value("columnOf('v1.30')");
    browser.click(&format!("tr[data-id='tokens/pod-bound'] .cell[data-at='{column}']"));
    assert_eq!(hash(browser), "#id=tokens/pod-bound&at=v1.30");
    let panel = browser.text("#panel");
    for part in ["A token bound to a Pod dies with it", "differs from v1.30 on", "v1.29.0 compared with v1.30.14"] {
        assert!(panel.contains(part), "no `{part}` in {panel}");
    }
    assert!(browser.text("#panel .add").contains("jti: <jti:token>"));
    browser.holds("document.querySelectorAll('#panel details.step[open]').length === 2");
    // From there to the version where the step was first seen.
    browser.click("#panel details[data-step='token'] .points button");
    assert_eq!(hash(browser), "#id=tokens/pod-bound&step=token&at=v1.22");
    assert!(browser.text("#panel details[data-step='token']").contains("answer of v1.22"));
    browser.holds("document.querySelector('tr.step.chosen').dataset.step === 'token'");
}

fn the_keyboard_reaches_everything(browser: &Browser) {
    let column = browser.value("columnOf('v1.30')");
    browser.click(&format!("tr[data-id='tokens/pod-bound']:not(.step) .cell[data-at='{column}']"));
    browser.keys(RIGHT);
    assert_eq!(hash(browser), "#id=tokens/pod-bound&at=v1.31");
    browser.keys(&[DOWN, LEFT].concat());
    assert!(hash(browser).starts_with("#id=tokens/pod-bound&step="), "{}", hash(browser));
    browser.keys(UP);
    assert_eq!(hash(browser), "#id=tokens/pod-bound&at=v1.30");
    browser.holds(
        "document.activeElement.tabIndex === 0 && document.querySelectorAll('tbody [tabindex=\"0\"]').length === 1",
    );
    // The name of a row is left of its first cell, and opens its steps.
    browser.keys(&LEFT.repeat(40));
    browser.holds("document.activeElement.getAttribute('aria-expanded') === 'true'");
    browser.keys(ENTER);
    browser.holds("document.activeElement.getAttribute('aria-expanded') === 'false'");
    browser.holds("document.querySelectorAll('tr.step:not([hidden])').length === 0");
}

fn a_search_finds_answers_too(browser: &Browser) {
    browser.keys("/");
    browser.holds("document.activeElement.id === 'search'");
    browser.keys("credential-id token");
    let found = rows(browser);
    assert!(found.contains("tokens/pod-bound") && found.len() < 40, "{found:?}");
    assert!(hash(browser).ends_with("&q=credential-id%20token"));
    browser.keys(" nothing-has-this");
    assert!(rows(browser).is_empty());
    assert!(browser.text("#none").contains("nothing-has-this"));
    browser.keys(ESCAPE);
    assert!(rows(browser).len() > 40);
}

fn two_versions_differ_as_diff_says(browser: &Browser) {
    let choose = |id: &str, label: &str| {
        let script = format!(
            "(() => {{ const it = document.getElementById('{id}'); it.value = columnOf('{label}'); it.dispatchEvent(new Event('change', {{bubbles: true}})); return true; }})()"
        );
        browser.holds(&script);
    };
    for (from, to) in [("v1.23", "v1.24"), ("v1.22", "v1.37"), ("v1.29", "v1.34")] {
        choose("from", from);
        choose("to", to);
        let diff: Value = serde_json::from_str(&here(&["diff", from, to, "--output", "json"]).out).unwrap();
        let differing =
            diff["scenarios"].as_array().unwrap().iter().filter(|scenario| scenario["verdict"] == "differs");
        let differing: BTreeSet<String> =
            differing.map(|scenario| scenario["id"].as_str().unwrap().to_owned()).collect();
        assert_eq!(rows(browser), differing, "{from} {to}");
        assert!(browser.text("#panel h2").starts_with(&format!("{} of ", differing.len())));
    }
    browser.keys(ESCAPE);
    browser.holds("document.getElementById('from').value === ''");
}

fn an_address_is_a_place(browser: &Browser, address: &str) {
    browser.go(&format!("{address}#id=tokens/pod-bound&from=v1.22&to=v1.24"));
    let panel = browser.text("#panel");
    assert!(panel.contains("review after the Pod is gone") && !panel.contains("differs from v1.30"), "{panel}");
    browser.go(&format!("{address}#id=tokens/pod-bound&step=review&at=v1.36"));
    browser.holds("document.querySelector('#panel details[open]').dataset.step === 'review'");
    let inside = "(() => { const [cell, box] = [document.querySelector('[aria-selected=\"true\"]'), document.getElementById('matrix')].map(it => it.getBoundingClientRect()); return cell.top >= box.top && cell.bottom <= box.bottom && cell.right <= box.right; })()";
    browser.holds(inside);
    // What is nowhere is no error.
    browser.go(&format!("{address}#id=no/such&at=v9&from=v1.24&to=v1.23"));
    assert!(browser.text("#panel").contains("Choose a cell"));
}

fn it_is_light_and_dark(browser: &Browser, address: &str) {
    let brightness = || {
        let colour = browser.value("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)");
        colour.as_array().unwrap().iter().filter_map(Value::as_i64).sum::<i64>()
    };
    browser.prefers("dark");
    browser.go(address);
    assert!(brightness() < 150);
    browser.click("#theme");
    assert!(brightness() > 600);
    browser.go(address);
    assert!(brightness() > 600, "a choice is kept");
    browser.click("#theme");
    assert!(brightness() < 150);
    // Text and what stands in cells can be read.
    for _ in ["dark", "light"] {
        let ratio = browser.contrast("body, .legend, .cell.changed");
        assert!(ratio >= 4.5, "a contrast of {ratio}");
        browser.click("#theme");
    }
}

fn it_fits_on_a_phone(browser: &Browser, address: &str) {
    browser.size(390, 844);
    browser.go(&format!("{address}#id=tokens/pod-bound&at=v1.30"));
    browser.holds("document.documentElement.scrollWidth <= innerWidth");
    let below = "document.getElementById('panel').getBoundingClientRect().top >= document.getElementById('matrix').getBoundingClientRect().bottom";
    browser.holds(below);
    browser.holds("document.getElementById('matrix').scrollWidth > document.getElementById('matrix').clientWidth");
    browser.holds("document.querySelector('[aria-selected=\"true\"]').getBoundingClientRect().right <= innerWidth");
}
