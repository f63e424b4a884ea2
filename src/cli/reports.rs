//! How a run is shown: on standard output, and in files beside it.

use std::fs::File;
use std::io::Write;

use camino::{Utf8Path, Utf8PathBuf};
use clap::{Args, ValueEnum};
use jiff::Timestamp;

use super::{Exit, Failure};
use crate::report::{Html, Human, Json, Junit, Markdown, Ordered, Origin, Reporter};

/// Reports of a run.
#[derive(Debug, Clone, Args)]
pub(super) struct Reports {
    /// Show every step with its request and answer, not only what failed.
    #[arg(long)]
    pub show: bool,
    /// How to show the run.
    #[arg(long, value_enum, default_value_t = Format::Human, value_name = "FORMAT")]
    output: Format,
    /// Write one page about the run into this file as well, for a browser: what failed, expected and actual side by side, every
    /// request and answer, and where the time went.
    #[arg(long, value_name = "FILE", alias = "report-html")]
    report: Option<Utf8PathBuf>,
    /// Write a `JUnit` report into this file as well, for a CI server.
    #[arg(long, value_name = "FILE")]
    report_junit: Option<Utf8PathBuf>,
    /// Write a Markdown report at the end of this file as well, as for the summary of a CI job.
    #[arg(long, value_name = "FILE")]
    report_markdown: Option<Utf8PathBuf>,
    /// Write a JSON report into this file as well.
    #[arg(long, value_name = "FILE")]
    report_json: Option<Utf8PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// Lines for people.
    Human,
    /// One JSON document at the end.
    Json,
    /// One `JUnit` XML document at the end: a suite for each cluster, a test case for each scenario.
    Junit,
    /// One Markdown document at the end: a table, and every failure in full.
    Markdown,
    /// One page for a browser at the end, in one file: every step with its request, answer and time.
    Html,
}

impl Reports {
    /// Whether any of them shows the bodies of requests.
    pub(super) fn show_bodies(&self) -> bool {
        self.show || self.report.is_some() || matches!(self.output, Format::Html)
    }

    /// All of them, of what comes from there. Files are opened before anything is run.
    pub(super) fn open<'t>(
        &self,
        out: impl Write + Send + 't,
        origin: &Origin,
    ) -> Result<Ordered<Vec<Box<dyn Reporter + 't>>>, Failure> {
        let mut reports = vec![self.output.report(out, self.show, origin)];
        let files = [
            (Format::Junit, &self.report_junit),
            (Format::Markdown, &self.report_markdown),
            (Format::Json, &self.report_json),
            (Format::Html, &self.report),
        ];
        for (format, path) in files {
            if let Some(path) = path {
                reports.push(format.report(format.open(path)?, self.show, origin));
            }
        }
        Ok(Ordered::new(reports))
    }
}

impl Format {
    fn report<'t>(self, out: impl Write + Send + 't, show: bool, origin: &Origin) -> Box<dyn Reporter + 't> {
        match self {
            Self::Human => Box::new(Human::new(out, show)),
            Self::Json => Box::new(Json::new(out, origin.clone())),
            Self::Junit => Box::new(Junit::new(out, show)),
            Self::Markdown => Box::new(Markdown::new(out, show)),
            Self::Html => Box::new(Html::new(out, Timestamp::now())),
        }
    }

    /// A summary is of several steps of a job, each of which adds to it.
    fn open(self, path: &Utf8Path) -> Result<File, Failure> {
        let mut how = File::options();
        match self {
            Self::Markdown => how.create(true).append(true),
            _ => how.create(true).write(true).truncate(true),
        };
        how.open(path).map_err(|error| Failure::Error {
            message: format!("the report {path} cannot be written: {error}"),
            help: Some("name a file in a folder that is there and can be written to".to_owned()),
            exit: Exit::CouldNotRun,
        })
    }
}
