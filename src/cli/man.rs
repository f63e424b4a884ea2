//! `rehearsal man`: manual pages, one a command, made of what `--help` says.

use std::fs;
use std::io::{self, Write};

use camino::Utf8PathBuf;
use clap::builder::Resettable;
use clap::{Command, CommandFactory};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};

use super::{Arguments, Exit, Failure, Terminal};

/// Arguments of `man`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  rehearsal man | man -l -                              the page of the program
  rehearsal man ~/.local/share/man/man1                 a page for each command: man rehearsal-run")]
pub(super) struct ManArgs {
    /// The folder to write the pages of all commands to; without it, the page of the program is printed.
    #[arg(value_name = "DIR")]
    folder: Option<Utf8PathBuf>,
}

pub(super) fn run(args: &ManArgs, terminal: &mut Terminal) -> Result<Exit, Failure> {
    let mut program = Arguments::command().disable_help_subcommand(true);
    program.build();
    let Some(folder) = &args.folder else {
        terminal.out.write_all(&page(&program)?)?;
        return Ok(Exit::Ok);
    };
    let mut pages = Vec::new();
    collect(&program, &mut pages)?;
    fs::create_dir_all(folder).map_err(|error| Failure::could_not_write(folder, &error))?;
    for (name, page) in pages {
        let path = folder.join(name);
        fs::write(&path, page).map_err(|error| Failure::could_not_write(&path, &error))?;
        writeln!(terminal.out, "wrote {path}")?;
    }
    Ok(Exit::Ok)
}

/// The pages of a command and of those below it, by their file names.
fn collect(command: &Command, pages: &mut Vec<(String, Vec<u8>)>) -> io::Result<()> {
    pages.push((Man::new(command.clone()).get_filename(), page(command)?));
    command.get_subcommands().filter(|below| !below.is_hide_set()).try_for_each(|below| collect(below, pages))
}

fn page(command: &Command) -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    Man::new(command.clone().after_help(Resettable::Reset)).render(&mut page)?;
    if let Some(after) = command.get_after_help() {
        after_help(&after.to_string()).to_writer(&mut page)?;
    }
    Ok(page)
}

/// What stands below the options: lines that are further in stay as they are, others are text.
fn after_help(text: &str) -> Roff {
    let mut roff = Roff::new();
    for line in text.lines() {
        match (line.strip_suffix(':'), line.strip_prefix("  ")) {
            (Some("Examples"), _) => drop(roff.control("SH", ["EXAMPLES"])),
            (_, Some(example)) => drop(roff.control("nf", []).text([roman(example)]).control("fi", [])),
            _ => drop(roff.control("PP", []).text([roman(line)])),
        }
    }
    roff
}
