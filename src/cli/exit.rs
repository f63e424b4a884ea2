//! Exit codes and the errors that end a command.

use std::io::{self, Write};
use std::process::ExitCode;

use anstyle::{AnsiColor, Style};
use camino::Utf8Path;

use crate::run::{SuiteError, Trouble};
use crate::snapshot::StoreError;
use crate::syntax::Diagnostics;

/// How the program ended. The numbers are a promise to scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// All of it held.
    Ok = 0,
    /// The command line was wrong.
    Usage = 1,
    /// A scenario or a snapshot has mistakes; nothing was created.
    Parse = 2,
    /// Something could not be run to its end, so less is known than was asked.
    CouldNotRun = 3,
    /// An answer was not as recorded or expected.
    Assertion = 4,
    /// Ctrl-C, or SIGTERM.
    Interrupted = 130,
}

impl Exit {
    /// Something differs that was compared: the code that `diff` has for it.
    pub const DIFFERS: Self = Self::Usage;
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command ended before its end.
#[derive(Debug)]
pub enum Failure {
    /// Mistakes in files, all of them.
    Mistakes(Diagnostics),
    /// Anything else: what went wrong, what to do, and the exit code.
    Error {
        /// What was being done and what came back.
        message: String,
        /// What to do about it.
        help: Option<String>,
        /// The exit code.
        exit: Exit,
    },
}

impl Failure {
    /// A command line that cannot be followed.
    pub fn usage(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Error { message: message.into(), help: Some(help.into()), exit: Exit::Usage }
    }

    /// Something that could not be done; the help is miette's, where the error has one.
    pub fn could_not_run(error: &(impl miette::Diagnostic + ?Sized)) -> Self {
        Self::of(error, Exit::CouldNotRun)
    }

    /// Any error that is for people, with the exit code that goes with it.
    pub fn of(error: &(impl miette::Diagnostic + ?Sized), exit: Exit) -> Self {
        let Trouble { message, help } = Trouble::from_error(error);
        Self::Error { message, help, exit }
    }

    /// Snapshots that cannot be read or written.
    pub fn store(error: &StoreError) -> Self {
        Self::Error { message: error.to_string(), help: None, exit: Exit::CouldNotRun }
    }

    /// A file or folder of the user that cannot be read.
    pub fn could_not_read(path: &Utf8Path, error: &io::Error) -> Self {
        Self::Error { message: format!("reading {path} failed: {error}"), help: None, exit: Exit::CouldNotRun }
    }

    /// A file or folder that cannot be written.
    pub fn could_not_write(path: &Utf8Path, error: &io::Error) -> Self {
        let help = Some("choose another folder, or look at what is there".to_owned());
        Self::Error { message: format!("writing {path} failed: {error}"), help, exit: Exit::CouldNotRun }
    }

    /// The exit code.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Mistakes(_) => Exit::Parse,
            Self::Error { exit, .. } => *exit,
        }
    }

    /// Writes it for people.
    pub fn print(&self, out: &mut impl Write) -> io::Result<()> {
        const BAD: Style = AnsiColor::Red.on_default().bold();
        const DIM: Style = Style::new().dimmed();
        match self {
            Self::Mistakes(diagnostics) => write!(out, "{}", diagnostics.render(true)),
            Self::Error { message, help, .. } => {
                writeln!(out, "{BAD}error:{BAD:#} {message}")?;
                match help {
                    Some(help) => writeln!(out, "{DIM}help:{DIM:#} {help}"),
                    None => Ok(()),
                }
            }
        }
    }
}

impl From<Diagnostics> for Failure {
    fn from(diagnostics: Diagnostics) -> Self {
        Self::Mistakes(diagnostics)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Error { message: format!("writing the report failed: {error}"), help: None, exit: Exit::CouldNotRun }
    }
}

impl From<SuiteError> for Failure {
    fn from(error: SuiteError) -> Self {
        Self::could_not_run(&error)
    }
}
