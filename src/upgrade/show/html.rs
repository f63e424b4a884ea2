//! For a browser: one page, to search and to filter.

use super::json::json;
use crate::guard;
use crate::html::Page;
use crate::upgrade::report::Report;

/// A page that holds all that the JSON report does.
pub fn html(report: &Report) -> String {
    let mut data = json(report);
    data["course"] = report.course().into();
    data["shortfall"] = report.shortfall().map(|(said, help)| [Some(said), help]).into_iter().flatten().collect();
    guard::scrub_texts(&mut data);
    let page = Page {
        mark: "<!doctype html>\n<!-- Made by `rehearsal upgrade`. -->\n",
        title: "Rehearsal: report of an upgrade",
        style: include_str!("html/style.css"),
        body: include_str!("html/body.html"),
        without_scripts: "This page needs JavaScript; `--output markdown` writes a report that does without.",
        data: &data.to_string(),
        scripts: &[include_str!("html/main.js")],
    };
    page.write()
}
