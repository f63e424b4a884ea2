//! `rehearsal completions`.

use std::io::Write;

use clap::CommandFactory;

use super::{Arguments, Exit, Failure, Terminal};

/// Arguments of `completions`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  rehearsal completions bash > ~/.local/share/bash-completion/completions/rehearsal
  rehearsal completions zsh > \"${fpath[1]}/_rehearsal\"
  rehearsal completions fish > ~/.config/fish/completions/rehearsal.fish")]
pub(super) struct CompletionsArgs {
    /// The shell to write for.
    shell: clap_complete::Shell,
}

pub(super) fn run(args: &CompletionsArgs, terminal: &mut Terminal) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Arguments::command(), "rehearsal", &mut script);
    terminal.out.write_all(&script)?;
    Ok(Exit::Ok)
}
