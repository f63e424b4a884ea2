//! What the page about a run promises, in a real browser: of a run on two clusters, and one that is not there, in which
//! scenarios come to every kind of end.

use std::fs;

use serde_json::{Value, json};

use crate::browser::{Browser, DOWN, ENTER, ESCAPE, RIGHT};
use crate::server::{command, rehearse};
use crate::support::{self, Project};

/// What would end the data of the page, or become a part of it, were it not kept from that.
const HOSTILE: &str = "</script><script>document.title = 'taken'</script><!-- <script> {scripts}\u{2028}";

/// What the page of a report knows.
pub(crate) fn data(page: &str) -> Value {
    let (_, rest) = page.split_once("<script id=\"data\" type=\"application/json\">").unwrap();
    serde_json::from_str(rest.split_once("</script>").unwrap().0).unwrap()
}

/// A scenario whose answer holds `note`.
fn hostile(note: &str) -> String {
    let manifest = json!({"kind": "ServiceAccount", "name": "demo-sa", "annotations": {"note": note}});
    format!(
        "scenario: It says </script><b>so</b>\nnamespace: demo\nsteps:\n  - create: {manifest}\n  - {{name: read back, \
         get: {{kind: ServiceAccount, name: demo-sa}}}}\n"
    )
}

/// The page about a run that comes to every kind of end, and the project that it is in.
fn page() -> (Project, String) {
    let (project, _server) = super::project();
    project.write("scenarios/d/hostile.yaml", &hostile("harmless"));
    rehearse(&project, &["record", "--accept", "scenarios/d"]).exits(0);
    project.write("scenarios/d/hostile.yaml", &hostile(HOSTILE));
    let mut kubeconfig: Value = serde_json::from_slice(&fs::read(project.path("kubeconfig")).unwrap()).unwrap();
    let other = json!({"name": "other", "context": kubeconfig["contexts"][0]["context"].clone()});
    kubeconfig["contexts"].as_array_mut().unwrap().push(other);
    project.write("kubeconfig", &kubeconfig.to_string());
    let clusters = ["--cluster", "context:other", "--cluster", "context:nowhere"];
    let args = [&["run", "--report", "report.html"], &clusters[..]].concat();
    support::run(command(&project, &args).env("CI", "true")).exits(3);
    let address = format!("file://{}", project.path("report.html").display());
    (project, address)
}

fn entries(browser: &Browser) -> Vec<String> {
    let shown = "[...document.querySelectorAll('.entry:not([hidden])')].map(it => it.dataset.key)";
    serde_json::from_value(browser.value(shown)).unwrap()
}

fn hash(browser: &Browser) -> String {
    browser.value("location.hash").as_str().unwrap().to_owned()
}

/// The entry of a scenario on `context:test`, as a selector.
fn entry(id: &str) -> String {
    format!(".entry[data-key='{id}@context:test']")
}

#[test]
fn the_page_works_in_a_browser() {
    let Some(browser) = Browser::open_for("the page about a run") else { return };
    let (_project, address) = page();
    browser.size(1300, 900);
    browser.prefers("light");
    browser.go(&address);
    failures_come_first_and_unfolded(&browser);
    expected_and_actual_are_side_by_side(&browser);
    every_step_has_its_request_body_answer_and_time(&browser);
    no_answer_becomes_a_part_of_the_page(&browser);
    it_is_filtered_by_status_and_words(&browser);
    the_keyboard_reaches_everything(&browser);
    the_matrix_leads_to_a_scenario(&browser);
    an_address_is_a_place(&browser, &address);
    what_is_said_can_be_read_in_light_and_dark(&browser, &address);
    it_fits_on_a_phone(&browser, &address);
    assert_eq!(browser.value("performance.getEntriesByType('resource').length"), 0, "it loads something");
    assert_eq!(browser.complaints(), [Value::Null; 0]);
}

fn failures_come_first_and_unfolded(browser: &Browser) {
    assert!(browser.text("#verdict").contains("8 failed, 9 could not run"), "{}", browser.text("#verdict"));
    assert!(browser.text("#when").starts_with("21 scenarios on 3 clusters in "), "{}", browser.text("#when"));
    assert!(browser.text("#clusters").contains("the kubeconfig has no context `nowhere`"));
    let all = entries(browser);
    assert_eq!(all.len(), 1 + 7 + 7);
    assert!(all[0].ends_with("@context:nowhere") && all[1] == "c/broken@context:other", "{all:?}");
    assert!(browser.text(".entry").contains("help: it has: test, other"), "{}", browser.text(".entry"));
    let wrong = "[...document.querySelectorAll('.entry')].every(it => it.open === it.matches('.failed, .broken'))";
    browser.holds(wrong);
    let last = "[...document.querySelectorAll('.entry')].slice(-4).map(it => it.className)";
    assert_eq!(browser.value(last), json!(["entry passed", "entry passed", "entry skipped", "entry skipped"]));
}

fn expected_and_actual_are_side_by_side(browser: &Browser) {
    let changed = entry("b/changed");
    let sides = browser.text(&format!("{changed} .sides"));
    assert!(sides.contains("recorded on v1.36.3, holds since v1.36") && sides.contains("now, on v1.36.3"), "{sides}");
    assert_eq!(browser.text(&format!("{changed} .add")).trim(), "labels:");
    let place = |selector: &str| format!("document.querySelector(\"{changed} {selector}\").getBoundingClientRect()");
    let (left, right) = (place(".side:first-child .fill"), place(".side:last-child .add"));
    browser.holds(&format!("{left}.top === {right}.top && {left}.right <= {right}.left"));
    // What was expected of one part of the answer, and the answer as a whole; what differs within a line is marked.
    let unmet = entry("b/unmet");
    let text = browser.text(&unmet);
    for part in ["not as expected", "code\n", "body.metadata.labels", "\"colour\": \"red\"", "nothing", "the answer"] {
        assert!(text.contains(part), "no `{part}` in {text}");
    }
    assert!(text.contains("rehearsal run --show --cluster context:test scenarios/b/unmet.yaml"), "{text}");
    let marked =
        format!("[...document.querySelectorAll(\"{} .del mark\")].map(it => it.innerText)", entry("d/hostile"));
    assert_eq!(browser.value(&marked), json!(["harmless"]));
}

fn every_step_has_its_request_body_answer_and_time(browser: &Browser) {
    let step = format!("{} details.step:nth-of-type(1)", entry("b/changed"));
    browser.click(&format!("{step} > summary"));
    browser.click(&format!("{step} .part > summary"));
    let text = browser.text(&step);
    for part in ["done", "scenarios/b/changed.yaml:4:5", "POST /api/v1/namespaces/demo/serviceaccounts", "colour: blue"]
    {
        assert!(text.contains(part), "no `{part}` in {text}");
    }
    assert!(browser.text(&format!("{step} .answer")).contains("code: 201"));
    assert!(browser.text(&format!("{step} .time")).ends_with("ms"));
    let timeline = browser.text(&format!("{} .timeline", entry("b/changed")));
    assert!(timeline.contains("most of it in ") && timeline.contains(" %)"), "{timeline}");
    browser.holds(&format!("document.querySelectorAll(\"{} .bar i\").length === 3", entry("b/changed")));
    let rest = browser.text(&format!("{} .step.idle", entry("b/unmet")));
    assert!(rest.contains("after it") && rest.contains("not run"), "{rest}");
}

fn no_answer_becomes_a_part_of_the_page(browser: &Browser) {
    browser
        .holds("document.title.includes('8 failed') && document.scripts.length === 2 && !document.querySelector('b')");
    let shown = browser.text(&entry("d/hostile"));
    for part in
        ["It says </script><b>so</b>", "</script><script>document.title = 'taken'</script><!-- <script> {scripts}"]
    {
        assert!(shown.contains(part), "no `{part}` in {shown}");
    }
}

fn it_is_filtered_by_status_and_words(browser: &Browser) {
    browser.click("#filters [data-status='skipped']");
    assert_eq!(entries(browser), ["c/skipped@context:other", "c/skipped@context:test"]);
    assert_eq!(hash(browser), "#status=skipped");
    let rows = "[...document.querySelectorAll('#matrix tr[data-id]:not([hidden])')].map(row => row.dataset.id)";
    assert_eq!(browser.value(rows), json!(["c/skipped"]));
    browser.click("#filters [data-status='']");
    browser.keys("/");
    browser.holds("document.activeElement.id === 'search'");
    browser.keys("labels BLUE");
    assert_eq!(entries(browser), ["b/changed@context:other", "b/changed@context:test"]);
    browser.keys(" nothing-has-this");
    assert!(entries(browser).is_empty());
    assert!(browser.text("#none").contains("nothing-has-this"));
    browser.keys(ESCAPE);
    assert_eq!(entries(browser).len(), 15);
}

fn the_keyboard_reaches_everything(browser: &Browser) {
    browser.click("#verdict");
    browser.value("document.activeElement.blur()");
    browser.keys("jjj");
    let here = "document.activeElement.closest('.entry').dataset.key";
    assert_eq!(browser.value(here), entries(browser)[2]);
    browser.keys("k");
    assert_eq!(browser.value(here), entries(browser)[1]);
    browser.keys(ENTER);
    browser.holds("!document.activeElement.closest('.entry').open");
    browser.keys(ENTER);
    browser.holds("document.activeElement.closest('.entry').open");
    let unnamed = "[...document.querySelectorAll('button, input')].filter(it => !it.innerText.trim() && !it.ariaLabel && !it.labels?.length).length";
    assert_eq!(browser.value(unnamed), 0, "something that one can use has no name");
    browser.holds("document.querySelectorAll('#matrix tbody [tabindex=\"0\"]').length === 1");
}

fn the_matrix_leads_to_a_scenario(browser: &Browser) {
    let cell = |id: &str, column: usize| format!("#matrix tr[data-id='{id}'] td:nth-of-type({column}) .cell");
    assert_eq!(
        browser.value("[...document.querySelectorAll('#matrix thead th')].map(it => it.innerText)"),
        json!(["scenario", "other", "nowhere", "test"])
    );
    browser.click("#filters [data-status='failed']");
    browser.click(&cell("b/unmet", 1));
    assert_eq!(hash(browser), "#id=b/unmet&on=context:other&status=failed");
    browser.holds("document.activeElement.closest('.entry').dataset.key === 'b/unmet@context:other'");
    // What is hidden is shown again by who asks for it.
    browser.click(&cell("b/unmet", 2));
    assert_eq!(hash(browser), "#id=b/unmet&on=context:nowhere");
    // From cell to cell by keys: the first, and the one below and right of it.
    browser.value("document.querySelector('#matrix tbody [tabindex=\"0\"]').focus()");
    browser.keys(&[DOWN, RIGHT, RIGHT].concat());
    browser.holds("document.activeElement.ariaLabel === 'b/changed on context:test: failed'");
    browser.keys(ENTER);
    assert_eq!(hash(browser), "#id=b/changed&on=context:test");
    browser.holds("document.activeElement.closest('.entry').open");
}

fn an_address_is_a_place(browser: &Browser, address: &str) {
    browser.go(&format!("{address}#id=c/new&on=context:test&q=not-in-it"));
    assert_eq!(hash(browser), "#id=c/new&on=context:test");
    browser.holds("document.activeElement.getBoundingClientRect().top < innerHeight");
    browser.go(&format!("{address}#id=no/such&on=context:test&status=odd&q=%22red%22"));
    assert_eq!(entries(browser), ["b/unmet@context:other", "b/unmet@context:test"]);
}

fn what_is_said_can_be_read_in_light_and_dark(browser: &Browser, address: &str) {
    let coloured = "body, .cell, .chip, .wrong, .del, .add, mark, .key, .remark, .hint";
    for scheme in ["dark", "light"] {
        browser.prefers(scheme);
        browser.go(address);
        browser.holds(&format!("document.documentElement.dataset.theme === '{scheme}'"));
        let ratio = browser.contrast(coloured);
        assert!(ratio >= 4.5, "a contrast of {ratio} in {scheme}");
    }
}

fn it_fits_on_a_phone(browser: &Browser, address: &str) {
    browser.size(390, 844);
    browser.go(&format!("{address}#id=b/changed&on=context:test"));
    browser.holds("document.documentElement.scrollWidth <= innerWidth");
    let sides = format!("document.querySelectorAll(\"{} .side\")", entry("b/changed"));
    browser.holds(&format!(
        "{sides}[1].getBoundingClientRect().top >= {sides}[0].getBoundingClientRect().bottom && {sides}[1].getBoundingClientRect().right <= innerWidth"
    ));
    browser.holds(&format!(
        "getComputedStyle(document.querySelector(\"{} .fill\")).display === 'none'",
        entry("b/changed")
    ));
}
